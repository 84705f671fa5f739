package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// Policy decides which mutations may be sent to Infrahub. It allows what it
// knows to change data on the branch it is sent to and nowhere else, and refuses
// everything else: a mutation that a newer Infrahub adds is refused until the
// tables know it. It does not rely on the permissions of Infrahub, which lets a
// view-only account merge into the default branch (CoreProposedChangeMerge on
// the endpoint of a branch) and damage it (BranchRebase).
type Policy struct {
	Schema *schema.Schema
	// AllowAgnostic lets kinds, attributes and relationships be written that lie
	// outside branches: such a change takes effect on every branch at once.
	AllowAgnostic bool
}

// Write is one mutation that the policy allows, as far as the document tells.
type Write struct {
	// Field is the name of the mutation, DcimDeviceCreate, and Alias the key of
	// its answer.
	Field, Alias string
	// Kind is the kind written, nil for a mutation of relationships.
	Kind *schema.Kind
	// Verb is Create, Update, Upsert or Delete; Add or Remove for relationships;
	// Allocate for what a pool gives.
	Verb string
	// Data is the argument `data` with the variables filled in.
	Data map[string]any
}

// Check decides about the operation of a document. The error is a
// *problem.Problem that says which mutation is refused and why.
func (p Policy) Check(d *Document, variables map[string]json.RawMessage) ([]Write, error) {
	if d.Operation.Operation != ast.Mutation {
		return nil, problem.New(fmt.Sprintf("This is a %s; mutate_graphql runs mutations only.", d.Operation.Operation),
			"Read with query_graphql.")
	}
	values, err := valuesOf(d.Operation, variables)
	if err != nil {
		return nil, err
	}
	var writes []Write
	for _, selection := range d.Operation.SelectionSet {
		field, ok := selection.(*ast.Field)
		if !ok {
			return nil, problem.New("A fragment stands where mutations are listed; Infrahub fails on that.",
				"Write the mutations directly into the operation. Fragments may be used below them.")
		}
		if field.Name == "__typename" {
			continue
		}
		write, err := p.check(field, values)
		if err != nil {
			return nil, err
		}
		writes = append(writes, *write)
	}
	if len(writes) == 0 {
		return nil, problem.New("The document holds no mutation.", "")
	}
	return writes, nil
}

func (p Policy) check(field *ast.Field, values map[string]any) (*Write, error) {
	for _, argument := range field.Arguments {
		if argument.Name == "context" {
			return nil, refusal(field.Name, "it names another account in whose name to write", "Leave out the argument context.")
		}
	}
	data, err := dataOf(field, values)
	if err != nil {
		return nil, err
	}
	write := &Write{Field: field.Name, Alias: field.Alias, Data: data}
	if rule, listed := operationRules()[field.Name]; listed {
		if rule.verb == "" {
			return nil, refusal(field.Name, rule.because, rule.instead)
		}
		write.Verb = rule.verb
		return write, p.allocation(write)
	}
	for _, verb := range []string{"Create", "Update", "Upsert", "Delete"} {
		name, ok := strings.CutSuffix(field.Name, verb)
		if !ok {
			continue
		}
		if write.Kind = p.Schema.Lookup(name); write.Kind != nil {
			write.Verb = verb
			if err := p.Kind(write.Kind); err != nil {
				return nil, err
			}
			if verb == "Delete" {
				return write, p.deletion(write.Kind, map[string]bool{}, false)
			}
			return write, p.Fields(write.Kind, data)
		}
	}
	return nil, refusal(field.Name, "it is not among the mutations that this server knows to be safe",
		"Create, update, upsert and delete nodes of branch-aware kinds, use RelationshipAdd or RelationshipRemove, or take a resource from a pool.")
}

// Kind decides whether nodes of a kind may be written. Of a generic all kinds
// behind it must be writable: an id tells too late which one it is.
func (p Policy) Kind(k *schema.Kind) error {
	for _, concrete := range p.Schema.Concrete(k) {
		if err := p.concrete(concrete); err != nil {
			if concrete == k {
				return err
			}
			return problem.New(fmt.Sprintf("%s stands for %s, among other kinds, which may not be written.", k.Name, concrete.Name),
				"Name the kind of the node itself.")
		}
	}
	if k.Class == schema.Generic && len(p.Schema.Concrete(k)) == 0 {
		return problem.New(fmt.Sprintf("The generic %s has no kinds that could be written.", k.Name), "Name the kind of the node itself.")
	}
	return nil
}

func (p Policy) concrete(k *schema.Kind) error {
	if rule := kindRule(k); rule != nil {
		return refusal("Writing "+k.Name, rule.because, rule.instead)
	}
	if k.Branch == schema.Agnostic && !p.AllowAgnostic {
		return problem.New(fmt.Sprintf("%s is branch-agnostic: a change would take effect on every branch at once, the default branch included.", k.Name),
			"The operator can allow this with INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES=true.")
	}
	return nil
}

// Fields decides whether the attributes and relationships in an input may be
// written. Unknown names are left to whoever checks the input.
func (p Policy) Fields(k *schema.Kind, data map[string]any) error {
	if p.AllowAgnostic {
		return nil
	}
	for name := range data {
		branch := schema.Aware
		if a := k.Attribute(name); a != nil {
			branch = a.Branch
		} else if r := k.Relationship(name); r != nil {
			branch = r.Branch
		}
		// Of an agnostic kind everything is; that was decided before.
		if branch == schema.Agnostic && k.Branch != schema.Agnostic {
			return problem.New(fmt.Sprintf("%s of %s is branch-agnostic: a change would take effect on every branch at once.", name, k.Name),
				"The operator can allow this with INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES=true.")
		}
	}
	return nil
}

// Deletion decides whether a node of a kind may be deleted, together with its
// components and the components of these: all must be writable, and none may have
// fields that lie outside branches and would be gone with it. The node itself may
// have relationships that do, as long as they lead nowhere, which is for the
// caller to see: see AgnosticLinks.
func (p Policy) Deletion(k *schema.Kind) error {
	if err := p.Kind(k); err != nil {
		return err
	}
	return p.deletion(k, map[string]bool{}, true)
}

// AgnosticLinks returns the relationships of a kind that lie outside branches
// although its nodes do not; none when such may be written.
func (p Policy) AgnosticLinks(k *schema.Kind) []*schema.Relationship {
	if p.AllowAgnostic || k.Branch == schema.Agnostic {
		return nil
	}
	var links []*schema.Relationship
	for i := range k.Relationships {
		if r := &k.Relationships[i]; r.Branch == schema.Agnostic {
			links = append(links, r)
		}
	}
	return links
}

// deletion decides about a kind and its components. linksSeen says that the
// caller looks at the agnostic relationships of the node.
func (p Policy) deletion(k *schema.Kind, seen map[string]bool, linksSeen bool) error {
	if seen[k.Name] {
		return nil
	}
	seen[k.Name] = true
	for _, concrete := range p.Schema.Concrete(k) {
		// What Infrahub itself writes about a node may go with it.
		if rule := kindRule(concrete); rule != nil && *rule == writtenByInfrahub() && len(seen) > 1 {
			continue
		}
		if err := p.concrete(concrete); err != nil {
			return err
		}
		if links := p.AgnosticLinks(concrete); len(links) > 0 && !linksSeen {
			return problem.New(fmt.Sprintf("A node of %s may have a %s, which lies outside branches and would be gone everywhere.", concrete.Name, links[0].Name),
				"Delete it with node_delete, which looks first.")
		}
		if err := p.agnosticAttribute(concrete); err != nil {
			return err
		}
		for i := range concrete.Relationships {
			r := &concrete.Relationships[i]
			if r.Kind != "Component" && r.OnDelete != "cascade" {
				continue
			}
			peer := p.Schema.Lookup(r.Peer)
			if peer == nil {
				return problem.New(fmt.Sprintf("Deleting %s would delete its %s, of a kind that is not known.", concrete.Name, r.Name), "")
			}
			if err := p.deletion(peer, seen, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// agnosticAttribute refuses a kind with an attribute that lies outside branches.
func (p Policy) agnosticAttribute(k *schema.Kind) error {
	fields := map[string]any{}
	for i := range k.Attributes {
		fields[k.Attributes[i].Name] = nil
	}
	return p.Fields(k, fields)
}

// Relation decides whether a relationship of a node may be changed through
// RelationshipAdd and RelationshipRemove, which name the node by its id alone:
// k is the kind of the node, peers are the kinds of the nodes at the other end.
func (p Policy) Relation(k *schema.Kind, relationship string, peers []*schema.Kind) error {
	if err := p.Kind(k); err != nil {
		return err
	}
	if k.Relationship(relationship) == nil {
		names := make([]string, len(k.Relationships))
		for i := range k.Relationships {
			names[i] = k.Relationships[i].Name
		}
		return problem.Unknown("relationship of "+k.Name, relationship, names, "")
	}
	for _, peer := range peers {
		if err := p.Kind(peer); err != nil {
			return err
		}
	}
	return p.Fields(k, map[string]any{relationship: nil})
}

// allocation decides about what a pool is asked for: it makes a node.
func (p Policy) allocation(w *Write) error {
	if w.Verb != "Allocate" {
		return nil
	}
	for _, member := range []string{"address_type", "prefix_type"} {
		name, ok := w.Data[member].(string)
		if !ok {
			continue
		}
		kind, err := p.Schema.Kind(name)
		if err != nil {
			return err
		}
		if err := p.Kind(kind); err != nil {
			return err
		}
	}
	return nil
}

// refusal says that something may not be done. because is the end of a sentence.
func refusal(what, because, instead string) *problem.Problem {
	return problem.New(fmt.Sprintf("%s is refused: %s.", problem.Excerpt(what, 100), because), instead)
}

// valuesOf returns the values of the variables of an operation, defaults
// included. What is undefined is not in it.
func valuesOf(operation *ast.OperationDefinition, sent map[string]json.RawMessage) (map[string]any, error) {
	values := map[string]any{}
	for _, definition := range operation.VariableDefinitions {
		raw, given := sent[definition.Variable]
		switch {
		case given:
			var value any
			if err := json.Unmarshal(raw, &value); err != nil {
				return nil, problem.New(fmt.Sprintf("The variable $%s is not JSON.", definition.Variable), "")
			}
			values[definition.Variable] = value
		case definition.DefaultValue != nil:
			value, err := definition.DefaultValue.Value(nil)
			if err != nil {
				return nil, problem.New(fmt.Sprintf("The default of the variable $%s cannot be read.", definition.Variable), "")
			}
			values[definition.Variable] = value
		}
	}
	return values, nil
}

// dataOf returns the argument `data` of a mutation, nil when there is none.
func dataOf(field *ast.Field, values map[string]any) (map[string]any, error) {
	argument := field.Arguments.ForName("data")
	if argument == nil {
		return nil, nil
	}
	value, err := argument.Value.Value(values)
	if err != nil {
		return nil, problem.New(fmt.Sprintf("The data of %s cannot be read.", field.Name), "")
	}
	data, ok := value.(map[string]any)
	if !ok && value != nil {
		return nil, problem.New(fmt.Sprintf("The data of %s must be an object.", field.Name), "")
	}
	return data, nil
}

// NodeIDs returns the ids of nodes that a mutation of relationships names: the
// node itself and its peers. Peers named by hfid alone are of the kind of the
// relationship.
func (w *Write) NodeIDs() (node string, peers []string, byHFID bool, err error) {
	node, _ = w.Data["id"].(string)
	if node == "" {
		return "", nil, false, problem.New(fmt.Sprintf("%s needs the id of a node in data.", w.Field), "")
	}
	list, ok := w.Data["nodes"].([]any)
	if single, isOne := w.Data["nodes"].(map[string]any); isOne {
		list, ok = []any{single}, true // GraphQL takes one value for a list of one
	}
	if !ok {
		return "", nil, false, problem.New(fmt.Sprintf("%s needs a list of nodes in data.", w.Field), "")
	}
	for _, entry := range list {
		peer, _ := entry.(map[string]any)
		id, _ := peer["id"].(string)
		switch {
		case id != "" && (peer["hfid"] != nil || peer["kind"] != nil):
			return "", nil, false, problem.New(fmt.Sprintf("A node of %s is named twice, by id and by hfid or kind.", w.Field), "Name it by its id alone.")
		case id != "":
			peers = append(peers, id)
		case peer["hfid"] != nil:
			byHFID = true
		default:
			return "", nil, false, errors.Join(problem.New(fmt.Sprintf("A node of %s has neither id nor hfid.", w.Field), ""))
		}
	}
	slices.Sort(peers)
	return node, slices.Compact(peers), byHFID, nil
}
