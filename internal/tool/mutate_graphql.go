package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/graph"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

type mutateGraphQLInput struct {
	Query     string                     `json:"query" min:"1" jsonschema:"GraphQL document with one mutation"`
	Variables map[string]json.RawMessage `json:"variables,omitempty" jsonschema:"Values of the variables"`
	Branch    string                     `json:"branch,omitempty" jsonschema:"Default: the session branch"`
}

// mutateGraphQLOutput is the content of `data` in Infrahub's answer, with members
// of this server beside it. Names of GraphQL that begin with an underscore are
// rare enough for them to be told apart.
type mutateGraphQLOutput struct {
	data   json.RawMessage
	where  written
	failed []string
}

// MarshalJSON writes the data with _branch, _note and _errors.
func (o mutateGraphQLOutput) MarshalJSON() ([]byte, error) {
	members := map[string]any{}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(o.data, &data); err != nil {
		return nil, err
	}
	for name, value := range data {
		members[name] = value
	}
	members["_branch"] = o.where.Branch
	if o.where.Note != "" {
		members["_note"] = o.where.Note
	}
	if len(o.failed) > 0 {
		members["_errors"] = o.failed
	}
	return json.Marshal(members)
}

func mutateGraphQL() Tool {
	return Define(Tool{
		Name:  "mutate_graphql",
		Title: "Run a GraphQL mutation",
		Description: "Run one GraphQL mutation on the session branch, for what node_upsert and node_delete cannot say. " +
			"Allowed: Create, Update, Upsert, Delete of branch-aware kinds, RelationshipAdd, RelationshipRemove, resources from pools; all else is refused. " +
			"Form: KindUpdate(data: {id: …, attribute: {value: …}, one: {id: …}, many: [{hfid: […]}]}) { ok object { id } }.",
		Access: Destructive,
		form:   JSON,
		narrow: "Select fewer fields of the answer.",
	}, runMutateGraphQL)
}

func runMutateGraphQL(ctx context.Context, c *call.Call, in mutateGraphQLInput) (*mutateGraphQLOutput, error) {
	document, err := graph.Parse(in.Query, "")
	if err != nil {
		return nil, err
	}
	if err := document.CheckVariables(in.Variables); err != nil {
		return nil, err
	}
	s, writes, err := permitted(ctx, c, document, in)
	if err != nil {
		return nil, err
	}
	mask := &graph.Mask{}
	if !c.Settings.RevealSecrets {
		if mask, err = protect(s, document, in.Variables); err != nil {
			return nil, err
		}
	}
	query := infrahub.Query{Document: in.Query, Operation: document.Operation.Name, Variables: map[string]any{}, Mutation: true}
	for name, value := range in.Variables {
		query.Variables[name] = value
	}
	out := &mutateGraphQLOutput{}
	out.where, err = onBranch(ctx, c, in.Branch, func(ctx context.Context, branch string) error {
		for i := range writes {
			if err := related(ctx, c, s, branch, &writes[i]); err != nil {
				return err
			}
		}
		query.Branch = branch
		data, err := c.Client.GraphQL(ctx, query)
		if err != nil && !applied(data) {
			return err // as it is: it may say that the branch is lost
		}
		out.data, out.failed = data, failures(err, data)
		return nil
	})
	if err != nil {
		return nil, describeErrors(err)
	}
	if !c.Settings.RevealSecrets {
		if out.data, err = mask.Apply(out.data); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// permitted asks the policy. A kind that the schema does not know may have been
// loaded a moment ago.
func permitted(ctx context.Context, c *call.Call, document *graph.Document, in mutateGraphQLInput) (*schema.Schema, []graph.Write, error) {
	branch := c.Branch(in.Branch)
	s, err := c.Schema(ctx, branch)
	if err != nil {
		return nil, nil, err
	}
	writes, refused := c.Policy(s).Check(document, in.Variables)
	if refused == nil {
		return s, writes, nil
	}
	fresh, err := c.Refresh(ctx, branch)
	if err != nil {
		return nil, nil, err
	}
	if fresh.Hash == s.Hash {
		return nil, nil, refused
	}
	writes, refused = c.Policy(fresh).Check(document, in.Variables)
	return fresh, writes, refused
}

// related asks the policy about a mutation of relationships, which names its node
// by an id that does not tell the kind. Ids of nodes that do not exist are left to
// Infrahub, which refuses them.
func related(ctx context.Context, c *call.Call, s *schema.Schema, branch string, w *graph.Write) error {
	if w.Verb != "Add" && w.Verb != "Remove" {
		return nil
	}
	node, peers, byHFID, err := w.NodeIDs()
	if err != nil {
		return err
	}
	ids := append([]string{node}, peers...)
	answer, err := operations.NodeLabels(ctx, c.Client.Operations(branch, ""), ids, len(ids))
	if err != nil {
		return fmt.Errorf("looking up the nodes: %w", err)
	}
	kinds := map[string]*schema.Kind{}
	for _, edge := range answer.CoreNode.Edges {
		if n := edge.Node; n != nil && n.Id != nil && n.Typename != nil {
			if kinds[*n.Id], err = s.Kind(*n.Typename); err != nil {
				return err
			}
		}
	}
	kind := kinds[node]
	if kind == nil {
		return problem.New(fmt.Sprintf("There is no node with the id %q on the branch.", problem.Excerpt(node, 60)), "Find it with search_nodes or get_nodes.")
	}
	name, _ := w.Data["name"].(string)
	var others []*schema.Kind
	for _, id := range peers {
		peer := kinds[id]
		if peer == nil {
			return problem.New(fmt.Sprintf("There is no node with the id %q on the branch.", problem.Excerpt(id, 60)), "Find it with search_nodes or get_nodes.")
		}
		others = append(others, peer)
	}
	if r := kind.Relationship(name); r != nil && byHFID {
		peer, err := s.Kind(r.Peer)
		if err != nil {
			return err
		}
		others = append(others, peer)
	}
	return c.Policy(s).Relation(kind, name, others)
}

// applied tells whether an answer shows that a mutation of several was applied.
func applied(data json.RawMessage) bool {
	var answers map[string]json.RawMessage
	if json.Unmarshal(data, &answers) != nil {
		return false
	}
	for _, answer := range answers {
		if string(answer) != "null" {
			return true
		}
	}
	return false
}

// failures lists the errors beside an answer: of mutations that were not applied,
// and of the answers of some that were.
func failures(err error, data json.RawMessage) []string {
	refused, ok := errors.AsType[*infrahub.Error](err)
	if !ok {
		return nil
	}
	var answers map[string]json.RawMessage
	_ = json.Unmarshal(data, &answers) // it was read before
	var failed []string
	for _, fault := range refused.Details {
		text := fault.Message
		if len(fault.Path) > 0 {
			became := "was applied, but not all of its answer can be given"
			if answer := answers[fault.Path[0]]; answer == nil || string(answer) == "null" {
				became = "was not applied"
			}
			text = fmt.Sprintf("%s %s: %s", fault.Path[0], became, text)
		}
		if !slices.Contains(failed, text) {
			failed = append(failed, text)
		}
	}
	if len(failed) == 0 {
		failed = []string{strings.TrimSpace(refused.Error())}
	}
	return failed
}
