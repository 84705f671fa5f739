package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"go.yaml.in/yaml/v3"
)

// Document is one document in Infrahub's schema format: kinds and generics to
// add, change or remove, and extensions of kinds that exist. It is checked for
// its format alone; whether it fits a model is found by loading it.
type Document struct {
	declared declaredDocument
	// warnings are about members that Infrahub ignores.
	warnings []Warning
}

// Parse reads documents in YAML (as many as the text holds) or JSON (one). The
// error for a document of the wrong format is a *FormatError.
func Parse(text []byte) ([]*Document, error) {
	var documents []*Document
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading a schema document: %w", err)
		}
		if value == nil {
			continue // nothing between two separators
		}
		var faults formatFaults
		document := faults.document(plain(value), nil)
		if err := faults.err(); err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return documents, nil
}

// ParseRequest reads the body of POST /api/schema/load and check:
//
//	{"schemas": [{"version": "1.0", "nodes": […]}, …]}
//
// The error for one that Infrahub would not read is a *FormatError.
func ParseRequest(body []byte) ([]*Document, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	if err == nil && decoder.More() {
		err = errors.New("extra data")
	}
	if err != nil {
		return nil, notJSON(err, decoder.InputOffset())
	}
	var faults formatFaults
	documents := faults.request(plain(value))
	if err := faults.err(); err != nil {
		return nil, err
	}
	return documents, nil
}

// The declared types follow the schema format. A pointer or list that is nil
// was not given, which differs from being given as it is by default: loading
// leaves alone what was not given, as far as Infrahub does.
type (
	declaredDocument struct {
		Version    string         `json:"version,omitempty"`
		Generics   []declaredKind `json:"generics,omitempty"`
		Nodes      []declaredKind `json:"nodes,omitempty"`
		Extensions struct {
			Nodes []declaredKind `json:"nodes,omitempty"`
		} `json:"extensions"`
	}

	declaredKind struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
		// Kind names the kind that an extension extends.
		Kind  string `json:"kind"`
		State string `json:"state"`

		Label         *string       `json:"label"`
		Description   *string       `json:"description"`
		Documentation *string       `json:"documentation"`
		DefaultFilter *string       `json:"default_filter"`
		DisplayLabel  *string       `json:"display_label"`
		MenuPlacement *string       `json:"menu_placement"`
		Icon          *string       `json:"icon"`
		Branch        BranchSupport `json:"branch"`
		IncludeInMenu *bool         `json:"include_in_menu"`

		HumanFriendlyID       []string   `json:"human_friendly_id"`
		DisplayLabels         []string   `json:"display_labels"`
		OrderBy               []string   `json:"order_by"`
		UniquenessConstraints [][]string `json:"uniqueness_constraints"`

		Attributes    []declaredAttribute    `json:"attributes"`
		Relationships []declaredRelationship `json:"relationships"`

		InheritFrom      []string `json:"inherit_from"`
		GenerateProfile  *bool    `json:"generate_profile"`
		GenerateTemplate bool     `json:"generate_template"`
		Parent           *string  `json:"parent"`
		Children         *string  `json:"children"`

		Hierarchical         bool     `json:"hierarchical"`
		RestrictedNamespaces []string `json:"restricted_namespaces"`
	}

	declaredAttribute struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Kind  string `json:"kind"`
		State string `json:"state"`

		Label       *string       `json:"label"`
		Description *string       `json:"description"`
		Deprecation *string       `json:"deprecation"`
		Branch      BranchSupport `json:"branch"`
		OrderWeight *int          `json:"order_weight"`

		Optional bool  `json:"optional"`
		Unique   bool  `json:"unique"`
		ReadOnly bool  `json:"read_only"`
		Ordered  *bool `json:"ordered"`

		Default    value              `json:"default_value"`
		Enum       []value            `json:"enum"`
		Choices    []declaredChoice   `json:"choices"`
		Parameters declaredParameters `json:"parameters"`
		Computed   *declaredComputed  `json:"computed_attribute"`

		AllowOverride string `json:"allow_override"`
		Display       string `json:"display"`

		// The older place of what is now in Parameters.
		Regex     *string `json:"regex"`
		MinLength *int64  `json:"min_length"`
		MaxLength *int64  `json:"max_length"`
	}

	declaredChoice struct {
		Name        string  `json:"name"`
		Label       *string `json:"label"`
		Description *string `json:"description"`
		Color       *string `json:"color"`
	}

	declaredParameters struct {
		Regex          *string `json:"regex"`
		MinLength      *int64  `json:"min_length"`
		MaxLength      *int64  `json:"max_length"`
		MinValue       *int64  `json:"min_value"`
		MaxValue       *int64  `json:"max_value"`
		ExcludedValues *string `json:"excluded_values"`
		StartRange     *int64  `json:"start_range"`
		EndRange       *int64  `json:"end_range"`
		NumberPoolID   *string `json:"number_pool_id"`
	}

	declaredComputed struct {
		Kind      string  `json:"kind"`
		Template  *string `json:"jinja2_template"`
		Transform *string `json:"transform"`
	}

	declaredRelationship struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Peer  string `json:"peer"`
		Kind  string `json:"kind"`
		State string `json:"state"`

		Label       *string       `json:"label"`
		Description *string       `json:"description"`
		Deprecation *string       `json:"deprecation"`
		Identifier  string        `json:"identifier"`
		Cardinality string        `json:"cardinality"`
		Direction   string        `json:"direction"`
		OnDelete    string        `json:"on_delete"`
		Branch      BranchSupport `json:"branch"`
		OrderWeight *int          `json:"order_weight"`

		MinCount        int64    `json:"min_count"`
		MaxCount        int64    `json:"max_count"`
		CommonParent    *string  `json:"common_parent"`
		CommonRelatives []string `json:"common_relatives"`

		Optional *bool `json:"optional"`
		ReadOnly bool  `json:"read_only"`

		AllowOverride string `json:"allow_override"`
		Display       string `json:"display"`
	}
)

// name returns the full name of the kind that is declared or extended.
func (k *declaredKind) name() string {
	if k.Kind != "" {
		return k.Kind
	}
	return k.Namespace + k.Name
}

// value is any JSON value, with integers as int64.
type value struct{ any }

// UnmarshalJSON implements json.Unmarshaler.
func (v *value) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&v.any); err != nil {
		return err
	}
	v.any = plain(v.any)
	return nil
}

// plain turns what the readers of JSON and YAML make of a document into the
// same few types: nil, bool, string, int64, float64, []any, map[string]any.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case int:
		return int64(v)
	case uint64: // an integer beyond int64
		return float64(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v) // JSON knows no such number
		}
		return v
	case time.Time:
		return v.Format(time.RFC3339)
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
		return v
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
		return v
	case map[any]any:
		m := make(map[string]any, len(v))
		for key, element := range v {
			m[fmt.Sprint(key)] = plain(element)
		}
		return m
	}
	return v
}
