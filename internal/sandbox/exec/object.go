package exec

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Object is a JSON object whose members keep their order.
type Object struct {
	keys   []string
	values []any
}

// Set adds a member, or replaces the one of that name.
func (o *Object) Set(key string, value any) {
	for i, k := range o.keys {
		if k == key {
			o.values[i] = value
			return
		}
	}
	o.keys = append(o.keys, key)
	o.values = append(o.values, value)
}

// NewObject returns an object of the given members: a key, its value, and so on.
// It panics where a key is no string.
func NewObject(members ...any) *Object {
	o := &Object{}
	for i := 0; i+1 < len(members); i += 2 {
		key, ok := members[i].(string)
		if !ok {
			panic(fmt.Sprintf("exec: %v is no key of an object", members[i]))
		}
		o.Set(key, members[i+1])
	}
	return o
}

// Get returns a member, nil if there is none.
func (o *Object) Get(key string) any {
	for i, k := range o.keys {
		if k == key {
			return o.values[i]
		}
	}
	return nil
}

// MarshalJSON writes the members in order.
func (o *Object) MarshalJSON() ([]byte, error) {
	if o == nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, key := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		value, err := json.Marshal(o.values[i])
		if err != nil {
			return nil, err
		}
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
