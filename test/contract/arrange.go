package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// arrange returns what is compared of a body, before placeholders: a GraphQL
// answer in its order, a REST answer by names of members, each with what the
// request says is to be left out.
func (r request) arrange(body any) (any, error) {
	if document, ok := body.(string); ok && r.definitions != nil {
		defined, err := definitions(document, r.definitions)
		if err != nil {
			return nil, err
		}
		body = defined
	}
	if r.graphql == "" {
		sortMembers(body)
	}
	if r.types {
		body = typeTexts(body)
	}
	if r.keep != nil {
		body = keep(body, parsePaths(r.keep))
	}
	for _, p := range slices.Sorted(maps.Keys(r.ignore)) {
		changed, found := replace(body, parsePath(p), ignored)
		if found == 0 {
			return nil, fmt.Errorf("there is no %s to ignore", p)
		}
		body = changed
	}
	return body, nil
}

// ignored stands for a value of which only the type is compared.
func ignored(value any) any {
	kind := "null"
	switch value.(type) {
	case *object:
		kind = "object"
	case []any:
		kind = "list"
	case string:
		kind = "string"
	case json.Number:
		kind = "number"
	case bool:
		kind = "boolean"
	}
	return "<ignored " + kind + ">"
}

// keyed says by which member the objects of a list are told apart.
type keyed struct{ list, member string }

// apply turns the lists into objects.
func (k keyed) apply(body any) (any, error) {
	var failed error
	body, found := replace(body, parsePath(k.list), func(value any) any {
		byKey, err := k.index(value)
		if err != nil {
			failed = err
		}
		return byKey
	})
	if found == 0 && !strings.Contains(k.list, "*") {
		failed = fmt.Errorf("there is no list %s", k.list)
	}
	return body, failed
}

// index turns a list into an object. null stays null.
func (k keyed) index(value any) (any, error) {
	list, ok := value.([]any)
	if !ok {
		return value, nil
	}
	byKey := newObject()
	for _, element := range list {
		key, err := find(element, parsePath(k.member))
		if err != nil {
			return value, fmt.Errorf("keying %s: %w", k.list, err)
		}
		name, ok := key.(string)
		if _, twice := byKey.values[name]; !ok || twice {
			return value, fmt.Errorf("keying %s: %s is no key, or there twice", k.list, excerpt(key))
		}
		byKey.set(name, element)
	}
	slices.Sort(byKey.keys)
	return byKey, nil
}

// typeTexts replaces references to types, as introspection gives them, by their
// notation in SDL.
func typeTexts(value any) any {
	switch v := value.(type) {
	case *object:
		if _, reference := v.values["ofType"]; reference {
			return typeText(v)
		}
		for _, key := range v.keys {
			v.values[key] = typeTexts(v.values[key])
		}
	case []any:
		for i := range v {
			v[i] = typeTexts(v[i])
		}
	}
	return value
}

func typeText(value any) string {
	o, ok := value.(*object)
	if !ok {
		return "?"
	}
	switch o.values["kind"] {
	case "NON_NULL":
		return typeText(o.values["ofType"]) + "!"
	case "LIST":
		return "[" + typeText(o.values["ofType"]) + "]"
	default:
		name, _ := o.values["name"].(string)
		return name
	}
}
