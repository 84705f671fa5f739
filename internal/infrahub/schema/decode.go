package schema

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Decode reads the body of GET /api/schema.
func Decode(data []byte) (*Schema, error) {
	var body schemaJSON
	if err := json.Unmarshal(data, &body); err != nil {
		return nil, fmt.Errorf("decoding the schema: %w", err)
	}
	if body.Main == "" {
		return nil, errors.New(`decoding the schema: it has no hash (field "main")`)
	}
	size := len(body.Nodes) + len(body.Generics) + len(body.Profiles) + len(body.Templates)
	s := &Schema{
		Hash:   body.Main,
		kinds:  make([]*Kind, 0, size),
		byName: make(map[string]*Kind, size),
	}
	d := decoder{texts: make(map[string]string)}
	for _, list := range []struct {
		class Class
		kinds []kindJSON
	}{
		{Node, body.Nodes},
		{Generic, body.Generics},
		{Profile, body.Profiles},
		{Template, body.Templates},
	} {
		for i := range list.kinds {
			k := d.kind(list.class, &list.kinds[i])
			if err := check(k); err != nil {
				return nil, fmt.Errorf("decoding the schema: %w", err)
			}
			if s.byName[k.Name] != nil {
				return nil, fmt.Errorf("decoding the schema: kind %q appears twice", k.Name)
			}
			s.byName[k.Name] = k
			s.kinds = append(s.kinds, k)
		}
	}
	slices.SortFunc(s.kinds, func(a, b *Kind) int { return strings.Compare(a.Name, b.Name) })
	return s, nil
}

// check refuses a kind with a name missing: nothing could be asked about it.
func check(k *Kind) error {
	if k.Name == "" {
		return errors.New("a kind has no name")
	}
	for i := range k.Attributes {
		if k.Attributes[i].Name == "" {
			return fmt.Errorf("an attribute of kind %q has no name", k.Name)
		}
	}
	for i := range k.Relationships {
		if k.Relationships[i].Name == "" {
			return fmt.Errorf("a relationship of kind %q has no name", k.Name)
		}
	}
	return nil
}

// The JSON types follow the body of GET /api/schema, with only the fields in
// use. A field that is null is left at its zero value.
type (
	schemaJSON struct {
		Main                                 string
		Nodes, Generics, Profiles, Templates []kindJSON
	}

	kindJSON struct {
		Kind, Namespace, Name, Label, Description, Documentation string

		Branch                BranchSupport
		Attributes            []attributeJSON
		Relationships         []relationshipJSON
		HumanFriendlyID       []string   `json:"human_friendly_id"`
		DisplayLabel          string     `json:"display_label"`
		OrderBy               []string   `json:"order_by"`
		UniquenessConstraints [][]string `json:"uniqueness_constraints"`
		InheritFrom           []string   `json:"inherit_from"`
		UsedBy                []string   `json:"used_by"`
		Hierarchical          bool
		Hierarchy             string
		Parent, Children      string
	}

	attributeJSON struct {
		Name, Label, Description, Kind, Deprecation string

		Branch      BranchSupport
		OrderWeight int `json:"order_weight"`
		Optional    bool
		Unique      bool
		ReadOnly    bool `json:"read_only"`
		Inherited   bool
		Default     value `json:"default_value"`
		Choices     []Choice
		Enum        []value
		limitsJSON
		Parameters limitsJSON
		Computed   *computedJSON `json:"computed_attribute"`
	}

	// limitsJSON are keys of the attribute itself, or of its object
	// "parameters", which came later and holds more of them.
	limitsJSON struct {
		Regex          string
		MinLength      *int   `json:"min_length"`
		MaxLength      *int   `json:"max_length"`
		MinValue       *bound `json:"min_value"`
		MaxValue       *bound `json:"max_value"`
		ExcludedValues string `json:"excluded_values"`
	}

	computedJSON struct {
		Kind      string
		Template  string `json:"jinja2_template"`
		Transform string
	}

	relationshipJSON struct {
		Name, Label, Description, Kind, Peer, Identifier string

		Cardinality, Direction, Hierarchical, Deprecation string

		OnDelete     string `json:"on_delete"`
		CommonParent string `json:"common_parent"`
		Branch       BranchSupport
		OrderWeight  int `json:"order_weight"`
		MinCount     int `json:"min_count"`
		MaxCount     int `json:"max_count"`
		Optional     bool
		ReadOnly     bool `json:"read_only"`
		Inherited    bool
	}
)

// value is any JSON value. A number is an int64 where it fits one, so that
// large integers keep their digits.
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

// plain replaces every json.Number in v.
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
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
	}
	return v
}

// bound is the end of a range of integers. Infrahub's integers have no size
// limit in the schema while the values they bound have 64 bits: a bound beyond
// them is their end.
type bound int64

// UnmarshalJSON implements json.Unmarshaler.
func (b *bound) UnmarshalJSON(data []byte) error {
	i, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%s is not an integer", data)
	}
	*b = bound(i)
	return nil
}

// decoder turns the JSON types into the ones of the package. A schema repeats
// the same texts hundreds of times; each is kept once.
type decoder struct {
	texts map[string]string
}

func (d decoder) kind(class Class, in *kindJSON) *Kind {
	k := &Kind{
		Name:                  d.text(in.Kind),
		Namespace:             d.text(in.Namespace),
		ShortName:             d.text(in.Name),
		Label:                 d.text(in.Label),
		Description:           d.text(in.Description),
		Documentation:         d.text(in.Documentation),
		Class:                 class,
		Branch:                d.branch(in.Branch),
		Attributes:            make([]Attribute, len(in.Attributes)),
		Relationships:         make([]Relationship, len(in.Relationships)),
		HumanFriendlyID:       d.list(in.HumanFriendlyID),
		DisplayLabel:          d.text(in.DisplayLabel),
		OrderBy:               d.list(in.OrderBy),
		UniquenessConstraints: in.UniquenessConstraints,
		InheritFrom:           d.list(in.InheritFrom),
		UsedBy:                d.list(in.UsedBy),
		Hierarchical:          in.Hierarchical,
		Hierarchy:             d.text(in.Hierarchy),
		Parent:                d.text(in.Parent),
		Children:              d.text(in.Children),
	}
	for _, constraint := range k.UniquenessConstraints {
		d.list(constraint)
	}
	slices.Sort(k.UsedBy)
	for i := range in.Attributes {
		k.Attributes[i] = d.attribute(&in.Attributes[i])
	}
	slices.SortFunc(k.Attributes, func(a, b Attribute) int {
		return cmp.Or(cmp.Compare(a.OrderWeight, b.OrderWeight), strings.Compare(a.Name, b.Name))
	})
	for i := range in.Relationships {
		k.Relationships[i] = d.relationship(&in.Relationships[i])
	}
	slices.SortFunc(k.Relationships, func(a, b Relationship) int {
		return cmp.Or(cmp.Compare(a.OrderWeight, b.OrderWeight), strings.Compare(a.Name, b.Name))
	})
	return k
}

func (d decoder) attribute(in *attributeJSON) Attribute {
	a := Attribute{
		Name:           d.text(in.Name),
		Label:          d.text(in.Label),
		Description:    d.text(in.Description),
		Kind:           d.text(in.Kind),
		Deprecation:    d.text(in.Deprecation),
		Branch:         d.branch(in.Branch),
		OrderWeight:    in.OrderWeight,
		Optional:       in.Optional,
		Unique:         in.Unique,
		ReadOnly:       in.ReadOnly,
		Inherited:      in.Inherited,
		Default:        in.Default.any,
		Choices:        in.Choices,
		Regex:          d.text(cmp.Or(in.Parameters.Regex, in.Regex)),
		MinLength:      cmp.Or(in.Parameters.MinLength, in.MinLength),
		MaxLength:      cmp.Or(in.Parameters.MaxLength, in.MaxLength),
		MinValue:       (*int64)(cmp.Or(in.Parameters.MinValue, in.MinValue)),
		MaxValue:       (*int64)(cmp.Or(in.Parameters.MaxValue, in.MaxValue)),
		ExcludedValues: d.text(cmp.Or(in.Parameters.ExcludedValues, in.ExcludedValues)),
	}
	for i := range a.Choices {
		c := &a.Choices[i]
		*c = Choice{d.text(c.Name), d.text(c.Label), d.text(c.Description), d.text(c.Color)}
	}
	slices.SortFunc(a.Choices, func(a, b Choice) int { return strings.Compare(a.Name, b.Name) })
	for _, v := range in.Enum {
		a.Enum = append(a.Enum, v.any)
	}
	// Infrahub also writes "User" here: a value that people enter.
	if c := in.Computed; c != nil && c.Kind != "User" {
		a.Computed = &Computed{Kind: d.text(c.Kind), Template: d.text(c.Template), Transform: d.text(c.Transform)}
	}
	return a
}

func (d decoder) relationship(in *relationshipJSON) Relationship {
	return Relationship{
		Name:         d.text(in.Name),
		Label:        d.text(in.Label),
		Description:  d.text(in.Description),
		Kind:         d.text(in.Kind),
		Peer:         d.text(in.Peer),
		Identifier:   d.text(in.Identifier),
		Cardinality:  d.text(in.Cardinality),
		Direction:    d.text(in.Direction),
		OnDelete:     d.text(in.OnDelete),
		Hierarchical: d.text(in.Hierarchical),
		CommonParent: d.text(in.CommonParent),
		Deprecation:  d.text(in.Deprecation),
		Branch:       d.branch(in.Branch),
		OrderWeight:  in.OrderWeight,
		MinCount:     in.MinCount,
		MaxCount:     in.MaxCount,
		Optional:     in.Optional,
		ReadOnly:     in.ReadOnly,
		Inherited:    in.Inherited,
	}
}

// text returns the one copy of a text.
func (d decoder) text(text string) string {
	if known, ok := d.texts[text]; ok {
		return known
	}
	d.texts[text] = text
	return text
}

func (d decoder) branch(b BranchSupport) BranchSupport {
	return BranchSupport(d.text(string(b)))
}

// list replaces each text of a list by its one copy.
func (d decoder) list(texts []string) []string {
	for i := range texts {
		texts[i] = d.text(texts[i])
	}
	return texts
}
