package graph

import (
	"encoding/json"
	"fmt"
	"strings"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// Writer turns flat maps of values into mutations of one kind. It checks them
// against the schema first, more strictly than Infrahub does, which takes some
// values silently and stores something else.
type Writer struct {
	Schema *schema.Schema
	Policy Policy
}

// Item is one node to be written.
type Item struct {
	// Data maps names of attributes and relationships to their values.
	//
	// An attribute takes a value of its type; null clears it. An object is
	// Infrahub's own form of input: {"value": …}, {"is_default": true}, and
	// beside them "is_protected", "source" and "owner" (ids). An attribute of
	// kind Number takes {"from_pool": …} too. An object for an attribute of kind
	// JSON is its value, unless it has a member "value" or "is_default" and no
	// member that is unknown to that form.
	//
	// A relationship takes a node, one with many peers a list of nodes; null or
	// an empty list clears it. A node is an id, the human-friendly id (hfid) as
	// text when it has one part, a list of its parts, Kind__part1__part2, or an
	// object with "id", or with "hfid" and perhaps "kind", or with "from_pool".
	// Addresses and prefixes of IPAM, which have no hfid, are named by their
	// value.
	Data map[string]json.RawMessage
	// ID or HFID names a node. With neither, Infrahub takes the hfid from Data.
	ID   string
	HFID []string
}

// Input is an Item that has passed the checks.
type Input struct {
	// Data is the argument `data` of the mutation.
	Data map[string]any
	// Rename is set when Data changes a part of the hfid that names the node. It
	// is sent as an update: an upsert would make a second node when the hfid is
	// not that of a node.
	Rename bool

	secrets map[string]string // the values of secret attributes
}

func (in Input) verb() string {
	if in.Rename {
		return "Update"
	}
	return "Upsert"
}

// Check checks items that are to be written as nodes of one kind. When the kind
// may not be written the error is a *problem.Problem; when items have faults it
// is a *CheckError with all of them.
func (w Writer) Check(k *schema.Kind, items []Item) ([]Input, error) {
	if err := w.writable(k); err != nil {
		return nil, err
	}
	inputs := make([]Input, len(items))
	faults := &CheckError{Kind: k, Items: make([][]*problem.Problem, len(items))}
	for i, item := range items {
		inputs[i], faults.Items[i] = w.check(k, item)
	}
	if faults.any() {
		return nil, faults
	}
	return inputs, nil
}

// writable refuses kinds that have no mutations of their own.
func (w Writer) writable(k *schema.Kind) error {
	if k.Class == schema.Generic {
		p := problem.New(fmt.Sprintf("%s is a generic; a node is of one of the kinds that implement it.", k.Name), "Name the kind itself.")
		for _, concrete := range w.Schema.Concrete(k) {
			if w.Policy.Kind(concrete) == nil && len(p.Candidates) < 10 {
				p.Candidates = append(p.Candidates, concrete.Name)
			}
		}
		return p
	}
	return w.Policy.Kind(k)
}

// Upsert builds the mutation that writes all inputs; Results reads its answer.
// Infrahub runs the inputs in order and each on its own: one that fails does
// not undo the others.
func (w Writer) Upsert(k *schema.Kind, inputs []Input) infrahub.Query {
	variables := make(map[string]any, len(inputs))
	var declared, body strings.Builder
	for i, in := range inputs {
		mutation := k.Name + in.verb()
		fmt.Fprintf(&declared, "$d%d: %sInput! ", i, mutation)
		// Infrahub answers null for relationships that the input does not name:
		// they are to be read afterwards.
		fmt.Fprintf(&body, "%s: %s(data: $d%d) { ok object { id hfid display_label __typename } } ", alias(i), mutation, i)
		variables[fmt.Sprintf("d%d", i)] = in.Data
	}
	return infrahub.Query{
		Document:  fmt.Sprintf("mutation(%s) { %s}", strings.TrimSpace(declared.String()), body.String()),
		Variables: variables,
		Mutation:  true,
	}
}

// alias is the key of the answer to an input.
func alias(i int) string { return fmt.Sprintf("r%d", i) }

// Delete builds the mutation that deletes one node, named by id or hfid;
// Deleted reads its answer.
func (w Writer) Delete(k *schema.Kind, id string, hfid []string) (infrahub.Query, error) {
	if err := w.writable(k); err != nil {
		return infrahub.Query{}, err
	}
	data := map[string]any{}
	if id == "" && len(hfid) == 0 {
		return infrahub.Query{}, problem.New(fmt.Sprintf("Neither id nor hfid says which %s to delete.", k.Name), "Give one of them.")
	}
	if p := named(k, id, hfid, data); p != nil {
		return infrahub.Query{}, p
	}
	return infrahub.Query{
		Document:  fmt.Sprintf("mutation($d: DeleteInput!) { %s: %sDelete(data: $d) { ok } }", alias(0), k.Name),
		Variables: map[string]any{"d": data},
		Mutation:  true,
	}, nil
}

// named puts the id or the hfid of a node into data.
func named(k *schema.Kind, id string, hfid []string, data map[string]any) *problem.Problem {
	switch {
	case id != "" && len(hfid) > 0:
		return problem.New("Both id and hfid are given, and Infrahub would ignore the hfid.", "Give one of them.")
	case id != "" && !isUUID(id):
		return problem.New(fmt.Sprintf("The id %q is no UUID.", problem.Excerpt(id, 60)), "Name the node by its hfid instead.")
	case id != "":
		data["id"] = id
	case len(hfid) > 0:
		if p := wholeHFID(k, hfid); p != nil {
			return p
		}
		data["hfid"] = hfid
	}
	return nil
}
