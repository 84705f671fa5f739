package tool

import (
	"context"
	"fmt"
	"strings"

	"github.com/Khan/genqlient/graphql"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub/graph"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

type getBranchDiffInput struct {
	Branch string   `json:"branch,omitempty" jsonschema:"Default: the session branch"`
	Kinds  []string `json:"kinds,omitempty" split:"," jsonschema:"Only nodes of these kinds"`
	Limit  int      `json:"limit,omitempty" default:"50" min:"1" max:"500"`
	Offset int      `json:"offset,omitempty" default:"0" min:"0"`
}

type getBranchDiffOutput struct {
	Branch  string        `json:"branch"`
	Changes changeSum     `json:"changes"`
	Nodes   []changedNode `json:"nodes"`
	HasMore bool          `json:"has_more"`
	Note    string        `json:"note,omitempty"`
}

// changedNode is one node that the branch added, updated or removed.
type changedNode struct {
	Action   string          `json:"action"`
	Kind     string          `json:"kind"`
	ID       string          `json:"id"`
	Label    string          `json:"label"`
	Fields   []changedField  `json:"fields,omitempty"`
	Conflict *conflictedSide `json:"conflict,omitempty"`
}

// changedField is one attribute, or one peer of a relationship.
type changedField struct {
	Field    string          `json:"field"`
	Action   string          `json:"action"`
	Old      *string         `json:"old" jsonschema:"null for none"`
	New      *string         `json:"new" jsonschema:"null for none"`
	Conflict *conflictedSide `json:"conflict,omitempty"`
}

// conflictedSide is what the default branch made of the same field.
type conflictedSide struct {
	OnDefault string  `json:"default_branch_action"`
	Value     *string `json:"default_branch_value" jsonschema:"null for none"`
	Selected  string  `json:"selected,omitempty"`
}

func getBranchDiff() Tool {
	return Define(Tool{
		Name:        "get_branch_diff",
		Title:       "Compare a branch with the default branch",
		Description: "Show what a branch changes against the default branch: nodes added, updated, removed, fields with old and new value, conflicts. Look at it before propose_changes.",
		Idempotent:  true,
		narrow:      "Ask for fewer nodes with limit, or for some kinds with kinds.",
	}, runGetBranchDiff)
}

func runGetBranchDiff(ctx context.Context, c *call.Call, in getBranchDiffInput) (*getBranchDiffOutput, error) {
	branch := in.Branch
	if branch == "" {
		branch = c.SessionBranch
	}
	if branch == "" {
		return nil, noSessionBranch(c, "There is no session branch to compare.", "Name a branch; infrahub://branches lists them.")
	}
	// Infrahub would compare the default branch with its beginning, and keep that.
	isDefault, err := c.Branches.IsDefault(ctx, branch)
	if err != nil {
		return nil, err
	}
	if isDefault {
		return nil, problem.New(fmt.Sprintf("%s is the default branch: there is nothing to compare it with.", branch), "Name another branch; infrahub://branches lists them.")
	}
	s, err := c.Schema(ctx, branch)
	if err != nil {
		return nil, err
	}
	for _, kind := range in.Kinds {
		if _, err := s.Kind(kind); err != nil {
			return nil, err
		}
	}
	// Infrahub lists the parents of what changed as well.
	filters := &operations.DiffTreeQueryFilters{Status: &operations.IncExclFilterStatusOptions{
		Includes: []*operations.DiffAction{new(operations.DiffActionAdded), new(operations.DiffActionUpdated), new(operations.DiffActionRemoved)},
	}}
	if len(in.Kinds) > 0 {
		filters.Kind = &operations.IncExclFilterOptions{Includes: pointers(in.Kinds)}
	}
	c.Progress(0, 2, "Comparing "+branch+" with the default branch")
	var diff *operations.Difference
	err = compareAndRead(ctx, c, branch, func(client graphql.Client) (*int, error) {
		if diff == nil {
			c.Progress(1, 2, "Reading the differences")
		}
		answer, err := operations.Diff(ctx, client, branch, in.Limit+1, in.Offset, filters)
		if err != nil || answer.DiffTree == nil {
			return nil, err
		}
		diff = answer.DiffTree
		return diff.NumUntrackedDiffChanges, nil
	})
	if err != nil {
		return nil, err
	}
	out := &getBranchDiffOutput{Branch: branch, Nodes: []changedNode{}}
	if diff == nil {
		out.Note = "The branch changes nothing."
		return out, nil
	}
	out.Changes = changeSum{diff.NumAdded, diff.NumUpdated, diff.NumRemoved, diff.NumConflicts}
	nodes := diff.Nodes
	if len(nodes) > in.Limit {
		nodes, out.HasMore = nodes[:in.Limit], true
	}
	for i := range nodes {
		out.Nodes = append(out.Nodes, changed(&nodes[i], s, c.Settings.RevealSecrets))
	}
	c.Progress(2, 2, "Done")
	return out, nil
}

func pointers(texts []string) []*string {
	list := make([]*string, len(texts))
	for i := range texts {
		list[i] = &texts[i]
	}
	return list
}

// changed is a node of the diff for people: what Infrahub computes (labels and
// ids) and what did not change left out, secrets masked.
func changed(n *operations.ChangedNode, s *schema.Schema, reveal bool) changedNode {
	out := changedNode{Action: strings.ToLower(string(n.Status)), Kind: n.Kind, ID: n.Uuid, Label: n.Label, Conflict: conflicted(n.Conflict, false)}
	kind := s.Lookup(n.Kind)
	for _, a := range n.Attributes {
		if a.Name == "human_friendly_id" || a.Name == "display_label" || a.Status == operations.DiffActionUnchanged {
			continue
		}
		secret := true // of a kind that this schema does not know
		if kind != nil {
			known := kind.Attribute(a.Name)
			secret = known == nil || known.Secret()
		}
		out.Fields = append(out.Fields, changedAttribute(a, secret && !reveal)...)
	}
	for _, r := range n.Relationships {
		for _, peer := range r.Elements {
			if peer.Status != operations.DiffActionUnchanged {
				out.Fields = append(out.Fields, changedPeer(r.Name, peer))
			}
		}
	}
	return out
}

// changedAttribute is the value of an attribute, and each property that was
// changed.
func changedAttribute(a operations.ChangedAttribute, secret bool) []changedField {
	var fields []changedField
	for _, p := range a.Properties {
		if p.Status == operations.DiffActionUnchanged {
			continue
		}
		field := changedField{Field: a.Name, Action: strings.ToLower(string(p.Status)), Old: value(p.PreviousValue, p.PreviousLabel), New: value(p.NewValue, p.NewLabel)}
		if p.PropertyType == "HAS_VALUE" {
			field.Conflict = conflicted(a.Conflict, secret)
			if secret {
				field.Old, field.New = masked(field.Old), masked(field.New)
			}
			if field.Old == nil && field.New == nil && field.Conflict == nil {
				continue // a new node without a value
			}
		} else {
			if p.Status == operations.DiffActionAdded && (field.New == nil || *field.New == "False") {
				continue // the default of a new attribute
			}
			field.Field += "." + strings.ToLower(strings.TrimPrefix(p.PropertyType, "HAS_"))
			field.Conflict = conflicted(p.Conflict, false)
		}
		fields = append(fields, field)
	}
	return fields
}

// changedPeer is one peer that came or went.
func changedPeer(relationship string, peer operations.ChangedPeer) changedField {
	label := peer.PeerId
	if peer.PeerLabel != nil && *peer.PeerLabel != "" {
		label = *peer.PeerLabel
	}
	field := changedField{Field: relationship, Action: strings.ToLower(string(peer.Status)), Conflict: conflicted(peer.Conflict, false)}
	switch peer.Status {
	case operations.DiffActionRemoved:
		field.Old = &label
	case operations.DiffActionUpdated:
		field.Old, field.New = previousPeer(peer), &label
	default:
		field.New = &label
	}
	return field
}

// previousPeer is the peer that a relationship of cardinality one had before.
func previousPeer(peer operations.ChangedPeer) *string {
	for _, p := range peer.Properties {
		if p.PropertyType == "IS_RELATED" {
			return value(p.PreviousValue, p.PreviousLabel)
		}
	}
	return nil
}

// value is a value in a diff: the label where it is the id of a node, nil for
// none.
func value(text, label *string) *string {
	if label != nil && *label != "" {
		return label
	}
	if text == nil || *text == "NULL" {
		return nil
	}
	return text
}

func masked(text *string) *string {
	if text == nil {
		return nil
	}
	hidden := graph.Masked
	return &hidden
}

func conflicted(c *operations.Conflict, secret bool) *conflictedSide {
	if c == nil {
		return nil
	}
	side := &conflictedSide{OnDefault: strings.ToLower(string(c.BaseBranchAction)), Value: value(c.BaseBranchValue, c.BaseBranchLabel)}
	if secret {
		side.Value = masked(side.Value)
	}
	if c.SelectedBranch != nil {
		side.Selected = strings.ToLower(string(*c.SelectedBranch))
	}
	return side
}
