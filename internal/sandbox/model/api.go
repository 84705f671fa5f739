package model

import (
	"encoding/json"
	"maps"
	"slices"
)

// API is the body of GET /api/schema.
type API struct {
	Main       string      `json:"main"`
	Nodes      []*Kind     `json:"nodes"`
	Generics   []*Kind     `json:"generics"`
	Profiles   []*Kind     `json:"profiles"`
	Templates  []*Kind     `json:"templates"`
	Namespaces []Namespace `json:"namespaces"`
}

// Namespace is a namespace that kinds are in.
type Namespace struct {
	Name         string `json:"name"`
	UserEditable bool   `json:"user_editable"`
}

// API returns what GET /api/schema answers: every kind but those of the
// namespaces Internal and Schema, or those of the given namespaces alone. The
// list of namespaces is always that of all kinds. The encoding of a whole model
// has 700 kB and is worth keeping as long as the hash stays the same.
func (m *Model) API(namespaces ...string) *API {
	api := &API{
		Main: m.hash, Nodes: []*Kind{}, Generics: []*Kind{}, Profiles: []*Kind{}, Templates: []*Kind{},
		Namespaces: []Namespace{},
	}
	lists := map[Class]*[]*Kind{
		Node: &api.Nodes, Generic: &api.Generics, Profile: &api.Profiles, Template: &api.Templates,
	}
	seen := map[string]bool{"Schema": true}
	for _, k := range m.kinds {
		if !seen[k.Namespace] {
			seen[k.Namespace] = true
			api.Namespaces = append(api.Namespaces, Namespace{k.Namespace, !k.Restricted()})
		}
		if k.Namespace == "Internal" || k.Namespace == "Schema" ||
			len(namespaces) > 0 && !slices.Contains(namespaces, k.Namespace) {
			continue
		}
		*lists[k.Class] = append(*lists[k.Class], k)
	}
	return api
}

// Summary is the body of GET /api/schema/summary: the hash of the model and of
// each node kind and generic.
type Summary struct {
	Main     string            `json:"main"`
	Nodes    map[string]string `json:"nodes"`
	Generics map[string]string `json:"generics"`
}

// Summary returns what GET /api/schema/summary answers.
func (m *Model) Summary() *Summary {
	summary := &Summary{Main: m.hash, Nodes: map[string]string{}, Generics: map[string]string{}}
	for _, k := range m.kinds {
		switch k.Class {
		case Node:
			summary.Nodes[k.Name] = k.Hash
		case Generic:
			summary.Generics[k.Name] = k.Hash
		}
	}
	return summary
}

// MarshalJSON encodes the kind as GET /api/schema/{kind} answers it. What
// members it has depends on its class.
func (k *Kind) MarshalJSON() ([]byte, error) {
	form := kindForm{
		ID: nullable(k.ID), Name: k.ShortName, Namespace: k.Namespace, Description: nullable(k.Description),
		Label: nullable(k.Label), Branch: k.Branch, DefaultFilter: nullable(k.DefaultFilter),
		HumanFriendlyID: k.HumanFriendlyID, DisplayLabel: nullable(k.DisplayLabel), DisplayLabels: k.DisplayLabels,
		IncludeInMenu: k.IncludeInMenu, MenuPlacement: nullable(k.MenuPlacement), Icon: nullable(k.Icon),
		OrderBy: k.OrderBy, UniquenessConstraints: k.UniquenessConstraints, Documentation: nullable(k.Documentation),
		State: present, Attributes: k.Attributes, Relationships: k.Relationships, Hash: k.Hash, Kind: k.Name,
	}
	if form.Attributes == nil {
		form.Attributes = []*Attribute{}
	}
	if form.Relationships == nil {
		form.Relationships = []*Relationship{}
	}
	switch k.Class {
	case Node:
		return json.Marshal(struct {
			kindForm
			InheritFrom      []string `json:"inherit_from"`
			GenerateProfile  bool     `json:"generate_profile"`
			GenerateTemplate bool     `json:"generate_template"`
			Hierarchy        *string  `json:"hierarchy"`
			Parent           *string  `json:"parent"`
			Children         *string  `json:"children"`
		}{form, k.InheritFrom, k.GenerateProfile, k.GenerateTemplate, nullable(k.Hierarchy), k.Parent, k.Children})
	case Generic:
		return json.Marshal(struct {
			kindForm
			Hierarchical         bool     `json:"hierarchical"`
			GenerateProfile      bool     `json:"generate_profile"`
			UsedBy               []string `json:"used_by"`
			RestrictedNamespaces []string `json:"restricted_namespaces"`
		}{form, k.Hierarchical, k.GenerateProfile, k.UsedBy, k.RestrictedNamespaces})
	default:
		return json.Marshal(struct {
			kindForm
			InheritFrom []string `json:"inherit_from"`
		}{form, k.InheritFrom})
	}
}

const present = "present"

// kindForm is what kinds of all classes have.
type kindForm struct {
	ID                    *string         `json:"id"`
	Name                  string          `json:"name"`
	Namespace             string          `json:"namespace"`
	Description           *string         `json:"description"`
	Label                 *string         `json:"label"`
	Branch                BranchSupport   `json:"branch"`
	DefaultFilter         *string         `json:"default_filter"`
	HumanFriendlyID       []string        `json:"human_friendly_id"`
	DisplayLabel          *string         `json:"display_label"`
	DisplayLabels         []string        `json:"display_labels"`
	IncludeInMenu         *bool           `json:"include_in_menu"`
	MenuPlacement         *string         `json:"menu_placement"`
	Icon                  *string         `json:"icon"`
	OrderBy               []string        `json:"order_by"`
	UniquenessConstraints [][]string      `json:"uniqueness_constraints"`
	Documentation         *string         `json:"documentation"`
	State                 string          `json:"state"`
	Attributes            []*Attribute    `json:"attributes"`
	Relationships         []*Relationship `json:"relationships"`
	Hash                  string          `json:"hash"`
	Kind                  string          `json:"kind"`
}

// nullable returns a text, or nil for an empty one.
func nullable(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// MarshalJSON encodes the attribute as part of its kind.
func (a *Attribute) MarshalJSON() ([]byte, error) {
	var weight *int
	if a.OrderWeight != 0 {
		weight = &a.OrderWeight
	}
	p := &a.Parameters
	parameters := map[string]any{}
	switch a.Kind {
	case "Text", "TextArea":
		parameters = map[string]any{"regex": p.Regex, "min_length": p.MinLength, "max_length": p.MaxLength}
	case "List":
		parameters = map[string]any{"regex": p.Regex}
	case "Number":
		parameters = map[string]any{
			"min_value": p.MinValue, "max_value": p.MaxValue, "excluded_values": p.ExcludedValues,
		}
	case "NumberPool":
		parameters = map[string]any{
			"start_range": p.StartRange, "end_range": p.EndRange, "number_pool_id": p.NumberPoolID,
		}
	}
	return json.Marshal(struct {
		ID            *string        `json:"id"`
		Name          string         `json:"name"`
		Kind          string         `json:"kind"`
		Enum          []any          `json:"enum"`
		Computed      *Computed      `json:"computed_attribute"`
		Choices       []Choice       `json:"choices"`
		Regex         *string        `json:"regex"`
		MaxLength     *int64         `json:"max_length"`
		MinLength     *int64         `json:"min_length"`
		Label         *string        `json:"label"`
		Description   *string        `json:"description"`
		ReadOnly      bool           `json:"read_only"`
		Unique        bool           `json:"unique"`
		Optional      bool           `json:"optional"`
		Branch        BranchSupport  `json:"branch"`
		OrderWeight   *int           `json:"order_weight"`
		Ordered       bool           `json:"ordered"`
		Default       any            `json:"default_value"`
		Inherited     bool           `json:"inherited"`
		State         string         `json:"state"`
		AllowOverride string         `json:"allow_override"`
		Deprecation   *string        `json:"deprecation"`
		Display       string         `json:"display"`
		Parameters    map[string]any `json:"parameters"`
	}{
		nullable(a.ID), a.Name, a.Kind, a.Enum, a.Computed, a.Choices, p.Regex, p.MaxLength, p.MinLength,
		nullable(a.Label), nullable(a.Description), a.ReadOnly, a.Unique, a.Optional, a.Branch, weight, a.Ordered,
		a.Default, a.Inherited, present, a.AllowOverride, nullable(a.Deprecation), a.Display, parameters,
	})
}

// MarshalJSON encodes the choice as part of its attribute.
func (c Choice) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name        string  `json:"name"`
		Description string  `json:"description"`
		Color       *string `json:"color"`
		Label       *string `json:"label"`
	}{c.Name, c.Description, nullable(c.Color), nullable(c.Label)})
}

// MarshalJSON encodes the rule as part of its attribute.
func (c *Computed) MarshalJSON() ([]byte, error) {
	form := map[string]string{"kind": c.Kind}
	switch c.Kind {
	case "Jinja2":
		form["jinja2_template"] = c.Template
	case "TransformPython":
		form["transform"] = c.Transform
	}
	return json.Marshal(form)
}

// MarshalJSON encodes the relationship as part of its kind.
func (r *Relationship) MarshalJSON() ([]byte, error) {
	var weight *int
	if r.OrderWeight != 0 {
		weight = &r.OrderWeight
	}
	return json.Marshal(struct {
		ID              *string       `json:"id"`
		Name            string        `json:"name"`
		Peer            string        `json:"peer"`
		Kind            string        `json:"kind"`
		Label           *string       `json:"label"`
		Description     *string       `json:"description"`
		Identifier      string        `json:"identifier"`
		Cardinality     string        `json:"cardinality"`
		MinCount        int64         `json:"min_count"`
		MaxCount        int64         `json:"max_count"`
		CommonParent    *string       `json:"common_parent"`
		CommonRelatives []string      `json:"common_relatives"`
		OrderWeight     *int          `json:"order_weight"`
		Optional        bool          `json:"optional"`
		Branch          BranchSupport `json:"branch"`
		Inherited       bool          `json:"inherited"`
		Direction       string        `json:"direction"`
		Hierarchical    *string       `json:"hierarchical"`
		State           string        `json:"state"`
		OnDelete        string        `json:"on_delete"`
		AllowOverride   string        `json:"allow_override"`
		ReadOnly        bool          `json:"read_only"`
		Deprecation     *string       `json:"deprecation"`
		Display         string        `json:"display"`
	}{
		nullable(r.ID), r.Name, r.Peer, r.Kind, nullable(r.Label), nullable(r.Description), r.Identifier,
		r.Cardinality, r.MinCount, r.MaxCount, nullable(r.CommonParent), r.CommonRelatives, weight, r.Optional,
		r.Branch, r.Inherited, r.Direction, nullable(r.Hierarchical), present, r.OnDelete, r.AllowOverride,
		r.ReadOnly, nullable(r.Deprecation), r.Display,
	})
}

// MarshalJSON encodes an empty field as null.
func (w WarningKind) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Kind  string  `json:"kind"`
		Field *string `json:"field"`
	}{w.Kind, nullable(w.Field)})
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
