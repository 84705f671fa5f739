package model

import (
	"fmt"
	"strings"
)

// JSONSchema is the body of GET /api/schema/json_schema/{kind}: the attributes
// of a kind as a JSON Schema of draft 7.
type JSONSchema struct {
	Title       string         `json:"title"`
	Description *string        `json:"description"`
	Type        string         `json:"type"`
	Properties  map[string]any `json:"properties"`
	Items       *string        `json:"items"`    // always null
	Required    []string       `json:"required"` // null rather than empty
	Schema      string         `json:"$schema"`
	Additional  *bool          `json:"additionalProperties"` // always null
}

// JSONSchema returns the JSON Schema of a kind. Infrahub 1.11 fails (status
// 500) for kinds with an attribute of kind List or Any; the error for these is
// not an *Error.
func (k *Kind) JSONSchema() (*JSONSchema, error) {
	schema := &JSONSchema{
		Title: k.ShortName, Description: nullable(k.Description), Type: "object", Properties: map[string]any{},
		Schema: "http://json-schema.org/draft-07/schema#",
	}
	for _, a := range k.Attributes {
		property := a.jsonType()
		if property == nil {
			return nil, fmt.Errorf("the JSON schema of %s: attribute %s is of kind %s, which has none", k.Name, a.Name, a.Kind)
		}
		property["title"] = title(strings.ReplaceAll(a.Name, "_", " "))
		if a.Description != "" {
			property["description"] = a.Description
		}
		if a.Optional {
			property["default"] = a.Default
		} else {
			schema.Required = append(schema.Required, a.Name)
		}
		switch {
		case a.Kind == "Dropdown" && len(a.Choices) > 0:
			names := make([]string, len(a.Choices))
			for i, c := range a.Choices {
				names[i] = c.Name
			}
			property["enum"] = names
		case len(a.Enum) > 0 || a.Kind == "Dropdown":
			property["enum"] = a.Enum
		}
		schema.Properties[a.Name] = property
	}
	return schema, nil
}

// jsonType returns the type of the values of an attribute, or nil for kinds
// without one.
func (a *Attribute) jsonType() map[string]any {
	switch a.Kind {
	case "Any", "List":
		return nil
	case "ID":
		return map[string]any{"type": "integer"}
	case "Number", "NumberPool", "Bandwidth":
		return map[string]any{"type": "number"}
	case "Boolean", "Checkbox":
		return map[string]any{"type": "boolean"}
	case "DateTime":
		return map[string]any{"type": "string", "format": "date-time"}
	case "Email":
		return map[string]any{"type": "string", "format": "email"}
	case "URL":
		return map[string]any{"type": "string", "format": "uri", "minLength": 1, "maxLength": 2083}
	case "IPHost", "IPAddress":
		return map[string]any{"type": "string", "format": "ipvanyaddress"}
	case "JSON":
		return map[string]any{"type": "string", "contentMediaType": "application/json", "contentSchema": map[string]any{}}
	}
	return map[string]any{"type": "string"}
}
