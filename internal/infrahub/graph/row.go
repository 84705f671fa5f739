package graph

import (
	"bytes"
	"encoding/json"
)

// Row is one JSON object whose members keep the order in which they were
// added, so that tables have their columns where the caller asked for them.
type Row struct {
	json []byte
}

// Add appends a member. The value must be valid JSON.
func (r *Row) Add(name string, value json.RawMessage) {
	if r.json == nil {
		r.json = append(r.json, '{')
	} else {
		r.json = append(r.json, ',')
	}
	key, _ := json.Marshal(name) // a string always has a JSON form
	r.json = append(r.json, key...)
	r.json = append(r.json, ':')
	if len(value) == 0 {
		value = null()
	}
	r.json = append(r.json, value...)
}

// AddValue appends a member of any encodable value.
func (r *Row) AddValue(name string, value any) {
	raw, err := encode(value)
	if err != nil {
		raw = null()
	}
	r.Add(name, raw)
}

// encode writes JSON without escaping it for HTML.
func encode(value any) (json.RawMessage, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Len is the size of the row in bytes.
func (r *Row) Len() int {
	return len(r.json) + 1
}

// MarshalJSON writes the row.
func (r Row) MarshalJSON() ([]byte, error) {
	if r.json == nil {
		return []byte("{}"), nil
	}
	return append(bytes.Clone(r.json), '}'), nil
}

// null is the JSON null.
func null() json.RawMessage { return json.RawMessage("null") }
