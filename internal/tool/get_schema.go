package tool

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub/schema"
)

type getSchemaInput struct {
	Kind   string `json:"kind,omitempty" jsonschema:"Kind to describe; leave out for the catalogue"`
	Branch string `json:"branch,omitempty" jsonschema:"Branch to read; the default branch otherwise"`
	Expand *bool  `json:"expand,omitempty" jsonschema:"Also describe the kinds it is related to, and filters on them"`
}

// getSchemaOutput is one kind in detail, or the catalogue: an object of every
// kind with its label, and nothing else but the branch.
type getSchemaOutput struct {
	KindDetail
	Branch string `json:"branch,omitempty"`

	catalogue map[string]string
}

// encoded is the catalogue or the detail.
func (o *getSchemaOutput) encoded() any {
	if o.catalogue == nil {
		return o
	}
	if o.Branch != "" {
		o.catalogue["branch"] = o.Branch // kinds start with a capital letter
	}
	return o.catalogue
}

// Form is JSON for the catalogue, where TOON would say nothing shorter.
func (o getSchemaOutput) Form() Form {
	if o.catalogue != nil {
		return JSON
	}
	return TOON
}

// KindDetail is what an author of queries and data needs to know of one kind.
// It is made of tables, which are cheap to read.
type KindDetail struct {
	Kind          string               `json:"kind,omitempty"`
	Label         string               `json:"label,omitempty"`
	Namespace     string               `json:"namespace,omitempty"`
	Class         string               `json:"class,omitempty" jsonschema:"node, generic, profile or template"`
	Description   string               `json:"description,omitempty"`
	BranchSupport string               `json:"branch_support,omitempty" jsonschema:"aware; agnostic: a change takes effect on every branch at once; local: never merged"`
	HFID          []string             `json:"human_friendly_id,omitempty"`
	OrderBy       []string             `json:"order_by,omitempty"`
	Generics      []string             `json:"generics,omitempty" jsonschema:"Generics that it implements"`
	UsedBy        []string             `json:"used_by,omitempty" jsonschema:"Kinds that implement this generic"`
	Unique        [][]string           `json:"uniqueness_constraints,omitempty"`
	Attributes    []attributeDetail    `json:"attributes,omitempty"`
	Choices       []choiceDetail       `json:"choices,omitempty" jsonschema:"Allowed values of attributes"`
	Rules         []ruleDetail         `json:"rules,omitempty" jsonschema:"Patterns, lengths and ranges of attributes, and how computed ones come about"`
	Relationships []relationshipDetail `json:"relationships,omitempty"`
	Filters       []filterDetail       `json:"filters,omitempty" jsonschema:"Filters of get_nodes with their types"`
	FilterForms   []string             `json:"filter_forms,omitempty" jsonschema:"Further forms of filters"`
	Peers         []peerDetail         `json:"peers,omitempty" jsonschema:"The kinds it is related to"`
}

type attributeDetail struct {
	Name        string `json:"name"`
	Kind        string `json:"kind"`
	Mandatory   bool   `json:"mandatory"`
	Unique      bool   `json:"unique"`
	ReadOnly    bool   `json:"read_only"`
	Default     any    `json:"default" jsonschema:"Value when none is given; null for none"`
	Description string `json:"description"`
}

type choiceDetail struct {
	Attribute   string `json:"attribute"`
	Value       string `json:"value"`
	Label       string `json:"label"`
	Description string `json:"description"`
}

type ruleDetail struct {
	Attribute string `json:"attribute"`
	Rule      string `json:"rule" jsonschema:"regex, min_length, max_length, min_value, max_value, excluded_values or computed"`
	Value     string `json:"value"`
}

type relationshipDetail struct {
	Name        string `json:"name"`
	Peer        string `json:"peer"`
	Cardinality string `json:"cardinality"`
	Mandatory   bool   `json:"mandatory"`
	Kind        string `json:"kind"`
	Direction   string `json:"direction"`
	Identifier  string `json:"identifier"`
	ReadOnly    bool   `json:"read_only"`
	MaxCount    int    `json:"max_count"`
	Description string `json:"description"`
}

type filterDetail struct {
	Filter string `json:"filter"`
	Type   string `json:"type"`
}

type peerDetail struct {
	Kind       string   `json:"kind"`
	Label      string   `json:"label"`
	HFID       []string `json:"human_friendly_id"`
	Mandatory  []string `json:"mandatory"`
	Attributes []string `json:"attributes" jsonschema:"name:kind of each"`
}

func getSchema() Tool {
	return Define(Tool{
		Name:  "get_schema",
		Title: "Explore the schema",
		Description: "Learn the data model; call this first when kinds, fields or filters are unknown. Without kind: every kind with its label. " +
			"With kind (also a generic): attributes with choices and limits, relationships, filters for get_nodes, human-friendly id, and the kinds it is related to.",
		Idempotent: true,
		narrow:     "Call it with expand false.",
		ofSchema:   true,
	}, runGetSchema)
}

func runGetSchema(ctx context.Context, c *call.Call, in getSchemaInput) (*getSchemaOutput, error) {
	branch := c.Branch(in.Branch)
	if in.Kind == "" {
		kinds, err := Kinds(ctx, c, branch)
		if err != nil {
			return nil, err
		}
		return &getSchemaOutput{catalogue: kinds, Branch: c.Named(branch)}, nil
	}
	expand := c.Settings.ExpandPeers
	if in.Expand != nil {
		expand = *in.Expand
	}
	detail, err := Describe(ctx, c, branch, in.Kind, expand)
	if err != nil {
		return nil, err
	}
	return &getSchemaOutput{Branch: c.Named(branch), KindDetail: *detail}, nil
}

// Kinds returns the catalogue: every kind but those that Infrahub makes for
// itself, with its label.
func Kinds(ctx context.Context, c *call.Call, branch string) (map[string]string, error) {
	s, err := c.Schema(ctx, branch)
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{}
	for _, k := range s.Kinds() {
		if !k.Internal() {
			kinds[k.Name] = labelOf(k)
		}
	}
	return kinds, nil
}

func labelOf(k *schema.Kind) string { return cmp.Or(k.Label, k.Name) }

// Describe returns one kind in detail.
func Describe(ctx context.Context, c *call.Call, branch, name string, expand bool) (*KindDetail, error) {
	s, k, err := c.Kind(ctx, branch, name)
	if err != nil {
		return nil, err
	}
	d := &KindDetail{
		Kind: k.Name, Label: labelOf(k), Namespace: k.Namespace, Class: string(k.Class), Description: k.Description,
		BranchSupport: string(k.Branch), HFID: k.HumanFriendlyID, OrderBy: k.OrderBy, Generics: k.InheritFrom,
		Unique: k.UniquenessConstraints,
	}
	if k.Class == schema.Generic {
		d.UsedBy = k.UsedBy
	}
	for i := range k.Attributes {
		d.attribute(&k.Attributes[i])
	}
	for i := range k.Relationships {
		r := &k.Relationships[i]
		d.Relationships = append(d.Relationships, relationshipDetail{
			Name: r.Name, Peer: r.Peer, Cardinality: r.Cardinality, Mandatory: !r.Optional, Kind: r.Kind,
			Direction: r.Direction, Identifier: r.Identifier, ReadOnly: r.ReadOnly, MaxCount: r.MaxCount, Description: r.Description,
		})
	}
	d.filters(s, k, expand, c.Settings.RevealSecrets)
	if expand {
		d.peers(s, k)
	}
	return d, nil
}

func (d *KindDetail) attribute(a *schema.Attribute) {
	d.Attributes = append(d.Attributes, attributeDetail{
		Name: a.Name, Kind: a.Kind, Mandatory: !a.Optional && a.Default == nil, Unique: a.Unique, ReadOnly: a.ReadOnly,
		Default: a.Default, Description: a.Description,
	})
	for _, c := range a.Choices {
		d.Choices = append(d.Choices, choiceDetail{Attribute: a.Name, Value: c.Name, Label: c.Label, Description: c.Description})
	}
	for _, value := range a.Enum {
		d.Choices = append(d.Choices, choiceDetail{Attribute: a.Name, Value: fmt.Sprint(value)})
	}
	rule := func(name, value string) {
		if value != "" {
			d.Rules = append(d.Rules, ruleDetail{Attribute: a.Name, Rule: name, Value: value})
		}
	}
	rule("regex", a.Regex)
	rule("min_length", number(a.MinLength))
	rule("max_length", number(a.MaxLength))
	rule("min_value", number(a.MinValue))
	rule("max_value", number(a.MaxValue))
	rule("excluded_values", a.ExcludedValues)
	if a.Computed != nil {
		rule("computed", cmp.Or(a.Computed.Template, a.Computed.Transform, a.Computed.Kind))
	}
}

// number writes a bound, or nothing where there is none.
func number[T int | int64](bound *T) string {
	if bound == nil {
		return ""
	}
	return fmt.Sprint(*bound)
}

// filters lists the filters that people use, and says once in which further
// forms each exists; the full list would have hundreds of rows. Those that
// compare secret values are left out unless they may be used.
func (d *KindDetail) filters(s *schema.Schema, k *schema.Kind, expand, reveal bool) {
	for _, f := range s.Filters(k) {
		attribute, isValue := strings.CutSuffix(f.Name, "__value")
		relationship, _, nested := strings.Cut(attribute, "__")
		rel := k.Relationship(relationship)
		switch {
		case f.Attribute != nil && f.Attribute.Secret() && !reveal:
			continue
		case rel != nil && (rel.Kind == "Group" || rel.Kind == "Profile"):
			continue
		case rel != nil && nested && isValue && !expand:
			continue
		case isValue, f.Name == "ids", f.Name == "hfid", rel != nil && strings.HasSuffix(f.Name, "__ids"),
			strings.HasPrefix(f.Name, "node_metadata__") && !strings.HasSuffix(f.Name, "__ids"):
			d.Filters = append(d.Filters, filterDetail{f.Name, f.Type})
		}
	}
	d.FilterForms = []string{
		"<attribute>__values and <relationship>__<attribute>__values: list, any of these",
		"<attribute>__isnull and <relationship>__isnull: true or false",
		"<attribute>__source__id, __owner__id, __is_protected: lineage",
		"<relationship>__<attribute>__value: attributes of the related kind, one level down",
	}
}

func (d *KindDetail) peers(s *schema.Schema, k *schema.Kind) {
	var seen []string
	for i := range k.Relationships {
		r := &k.Relationships[i]
		peer := s.Lookup(r.Peer)
		if peer == nil || r.Kind == "Group" || r.Kind == "Profile" || slices.Contains(seen, r.Peer) {
			continue
		}
		seen = append(seen, r.Peer)
		detail := peerDetail{Kind: peer.Name, Label: labelOf(peer), HFID: peer.HumanFriendlyID, Mandatory: []string{}, Attributes: []string{}}
		if detail.HFID == nil {
			detail.HFID = []string{}
		}
		for j := range peer.Attributes {
			a := &peer.Attributes[j]
			detail.Attributes = append(detail.Attributes, a.Name+":"+a.Kind)
			if !a.Optional && a.Default == nil && !a.ReadOnly {
				detail.Mandatory = append(detail.Mandatory, a.Name)
			}
		}
		for j := range peer.Relationships {
			if rel := &peer.Relationships[j]; !rel.Optional && !rel.ReadOnly {
				detail.Mandatory = append(detail.Mandatory, rel.Name)
			}
		}
		d.Peers = append(d.Peers, detail)
	}
}
