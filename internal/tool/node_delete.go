package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

type nodeDeleteInput struct {
	Kind   string   `json:"kind" min:"1" `
	ID     string   `json:"id,omitempty" `
	HFID   []string `json:"hfid,omitempty" split:"__" jsonschema:"In place of id"`
	Branch string   `json:"branch,omitempty" jsonschema:"Default: the session branch"`
}

type nodeDeleteOutput struct {
	DeletedID string        `json:"deleted_id"`
	Label     string        `json:"display_label"`
	Kind      string        `json:"kind"`
	Also      []deletedWith `json:"also_deleted,omitempty"`
	written
}

// deletedWith counts the components of one relationship that go with a node.
type deletedWith struct {
	Relationship string   `json:"relationship"`
	Count        int      `json:"count"`
	Labels       []string `json:"labels"`
}

func nodeDelete() Tool {
	return Define(Tool{
		Name:  "node_delete",
		Title: "Delete a node",
		Description: "Delete a node, named by id or hfid, on the session branch. Its components go with it; the answer lists them. " +
			"Refused while other nodes need it; the answer names them.",
		Access: Destructive,
		form:   JSON,
	}, runNodeDelete)
}

func runNodeDelete(ctx context.Context, c *call.Call, in nodeDeleteInput) (*nodeDeleteOutput, error) {
	if in.ID == "" && len(in.HFID) == 0 {
		return nil, problem.New("node_delete needs the id or the hfid of the node.", "Find it with search_nodes or get_nodes.")
	}
	if in.ID != "" && len(in.HFID) > 0 {
		return nil, problem.New("node_delete takes the id or the hfid of the node, not both.", "")
	}
	if c.Ask == nil && c.Settings.ConfirmDelete == call.ConfirmAlways {
		return nil, &call.MissingCapability{Capability: "elicitation", Reason: problem.New(
			"The operator lets nodes be deleted only after the user has confirmed it, and this client cannot ask.",
			"Use a client with elicitation, or ask a person to delete the node in Infrahub.")}
	}
	if in.Branch != "" { // before the user is asked
		if err := c.Branches.Usable(ctx, in.Branch); err != nil {
			return nil, err
		}
	}
	branch := c.Branch(in.Branch)
	s, kind, err := c.Kind(ctx, branch, in.Kind)
	if err != nil {
		return nil, err
	}
	if err := c.Policy(s).Deletion(kind); err != nil {
		return nil, err
	}
	doomed, err := look(ctx, c, s, kind, branch, in)
	if err != nil {
		return nil, err
	}
	if err := confirmDelete(ctx, c, doomed, branch); err != nil {
		return nil, err
	}
	doomed.written, err = onBranch(ctx, c, in.Branch, func(ctx context.Context, branch string) error {
		_, err := c.Client.GraphQL(ctx, infrahub.Query{
			Document:  fmt.Sprintf("mutation($id: String!) { %sDelete(data: {id: $id}) { ok } }", doomed.Kind),
			Variables: map[string]any{"id": doomed.DeletedID}, Branch: branch, Mutation: true,
		})
		return blocked(ctx, c, branch, err)
	})
	if err != nil {
		return nil, err
	}
	return doomed, nil
}

// shownComponents bounds the labels of components in an answer.
const shownComponents = 5

// look finds the node and what goes with it, with one request.
func look(ctx context.Context, c *call.Call, s *schema.Schema, kind *schema.Kind, branch string, in nodeDeleteInput) (*nodeDeleteOutput, error) {
	var fields strings.Builder
	components, links := map[string]bool{}, map[string]bool{}
	for _, concrete := range s.Concrete(kind) {
		var own strings.Builder
		for _, r := range c.Policy(s).AgnosticLinks(concrete) {
			links[r.Name] = true
			if r.Many() {
				fmt.Fprintf(&own, " %s(limit: 1) { count edges { node { display_label } } }", r.Name)
			} else {
				fmt.Fprintf(&own, " %s { node { display_label } }", r.Name)
			}
		}
		for _, r := range concrete.Relationships {
			if r.Many() && (r.Kind == "Component" || r.OnDelete == "cascade") {
				fmt.Fprintf(&own, " %s(limit: %d) { count edges { node { display_label } } }", r.Name, shownComponents)
				components[r.Name] = true
			}
		}
		if own.Len() > 0 {
			fmt.Fprintf(&fields, " ... on %s {%s }", concrete.Name, own.String())
		}
	}
	declared, argument, value := "$ids: [ID]", "ids: $ids", any([]string{in.ID})
	if in.ID == "" {
		declared, argument, value = "$hfid: [String]", "hfid: $hfid", in.HFID
	}
	data, err := c.Client.GraphQL(ctx, infrahub.Query{
		Document:  fmt.Sprintf("query(%s) { nodes: %s(%s) { edges { node { __typename id display_label%s } } } }", declared, kind.Name, argument, fields.String()),
		Variables: map[string]any{strings.TrimPrefix(strings.SplitN(declared, ":", 2)[0], "$"): value}, Branch: branch,
	})
	if err != nil {
		return nil, fmt.Errorf("looking up the node: %w", err)
	}
	var answer struct {
		Nodes struct {
			Edges []struct {
				Node map[string]json.RawMessage `json:"node"`
			} `json:"edges"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("looking up the node: %w", err)
	}
	if len(answer.Nodes.Edges) == 0 || answer.Nodes.Edges[0].Node == nil {
		return nil, problem.New(fmt.Sprintf("There is no %s %s on this branch.", kind.Name, problem.Excerpt(nameOf(in), 100)), "Find it with search_nodes or get_nodes.")
	}
	node := answer.Nodes.Edges[0].Node
	for _, name := range sorted(links) {
		var peers struct {
			Node  *json.RawMessage `json:"node"`
			Count int              `json:"count"`
		}
		if json.Unmarshal(node[name], &peers) == nil && (peers.Node != nil || peers.Count > 0) {
			return nil, problem.New(fmt.Sprintf("The node has a %s, a relationship that lies outside branches and would be gone everywhere at once.", name),
				"The operator can allow this with INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES=true.")
		}
	}
	out := &nodeDeleteOutput{DeletedID: text(node["id"]), Label: text(node["display_label"]), Kind: text(node["__typename"])}
	for _, name := range sorted(components) {
		var many struct {
			Count int `json:"count"`
			Edges []struct {
				Node struct {
					Label string `json:"display_label"`
				} `json:"node"`
			} `json:"edges"`
		}
		if json.Unmarshal(node[name], &many) != nil || many.Count == 0 {
			continue
		}
		also := deletedWith{Relationship: name, Count: many.Count}
		for _, edge := range many.Edges {
			also.Labels = append(also.Labels, edge.Node.Label)
		}
		out.Also = append(out.Also, also)
	}
	return out, nil
}

func nameOf(in nodeDeleteInput) string {
	if in.ID != "" {
		return in.ID
	}
	return strings.Join(in.HFID, "__")
}

func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // "" when it is none
	return s
}

func sorted(names map[string]bool) []string {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// confirmDelete asks the user, as the operator decided. The answer counts for this
// node on this branch alone.
func confirmDelete(ctx context.Context, c *call.Call, doomed *nodeDeleteOutput, branch string) error {
	if c.Settings.ConfirmDelete == call.ConfirmNever || c.Ask == nil {
		return nil
	}
	var question strings.Builder
	fmt.Fprintf(&question, "Delete %s %q on a session branch?", doomed.Kind, doomed.Label)
	for _, also := range doomed.Also {
		fmt.Fprintf(&question, " %d %s go with it (%s).", also.Count, also.Relationship, strings.Join(also.Labels, ", "))
	}
	subject := strings.Join([]string{"node_delete", doomed.Kind, doomed.DeletedID, branch, fmt.Sprint(doomed.Also)}, "\x00")
	decision, err := c.Ask(ctx, subject, question.String())
	if err != nil {
		return err
	}
	if decision != call.Confirmed {
		return problem.New(fmt.Sprintf("The user did not confirm that %s %q is deleted. Nothing was deleted.", doomed.Kind, doomed.Label), "")
	}
	return nil
}

// blocker matches the node that keeps another from being deleted.
var blocker = regexp.MustCompile(`It is linked to mandatory relationship (\S+) on node (\S+) '([^']+)'`)

// blocked names the nodes that cannot do without the one to be deleted, which
// Infrahub gives by their ids.
func blocked(ctx context.Context, c *call.Call, branch string, err error) error {
	refused, ok := errors.AsType[*infrahub.Error](err)
	if !ok {
		return err
	}
	type by struct{ relationship, kind, id string }
	var found []by
	for _, fault := range refused.Details {
		if match := blocker.FindStringSubmatch(fault.Message); match != nil {
			found = append(found, by{match[1], match[2], match[3]})
		}
	}
	if len(found) == 0 {
		return err
	}
	const most = 20
	shown := found[:min(len(found), most)]
	ids := make([]string, len(shown))
	for i, b := range shown {
		ids[i] = b.id
	}
	labels := map[string]string{}
	if answer, err := operations.NodeLabels(ctx, c.Client.Operations(branch, ""), ids, len(ids)); err == nil {
		for _, edge := range answer.CoreNode.Edges {
			if n := edge.Node; n != nil && n.Id != nil && n.DisplayLabel != nil {
				labels[*n.Id] = *n.DisplayLabel
			}
		}
	}
	names := make([]string, len(shown))
	for i, b := range shown {
		names[i] = fmt.Sprintf("%s %s (%s, its %s)", b.kind, labels[b.id], b.id, b.relationship)
	}
	more := ""
	if len(found) > most {
		more = fmt.Sprintf(" and %d more", len(found)-most)
	}
	return problem.New("The node cannot be deleted: it is mandatory for "+strings.Join(names, "; ")+more+".", "Give these another peer, or delete them first.")
}
