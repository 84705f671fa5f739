package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/problem"
)

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

const referenceHelp = "Name a node by its id (a UUID) or as Kind__hfid, e.g. DcimDevice__atl1-edge1 or DcimInterface__atl1-edge1__Ethernet1."

// resolve turns node references into ids: a UUID is taken as it is, and all
// references of the form Kind__hfid1__hfid2 are looked up with one request.
func resolve(ctx context.Context, c *call.Call, branch string, references ...string) ([]string, error) {
	ids := make([]string, len(references))
	var declared, fields []string
	variables := map[string]any{}
	for i, reference := range references {
		if uuid.MatchString(reference) {
			ids[i] = strings.ToLower(reference)
			continue
		}
		name, rest, ok := strings.Cut(reference, "__")
		if !ok || rest == "" {
			return nil, problem.New(fmt.Sprintf("%q names no node.", problem.Excerpt(reference, 80)), referenceHelp)
		}
		_, kind, err := c.Kind(ctx, branch, name)
		if err != nil {
			return nil, err
		}
		parts := len(kind.HumanFriendlyID)
		if parts == 0 {
			return nil, problem.New(fmt.Sprintf("%s has no human-friendly id.", kind.Name), "Use the id; search_nodes finds it.")
		}
		hfid := strings.SplitN(rest, "__", parts)
		if len(hfid) != parts {
			return nil, problem.New(fmt.Sprintf("The hfid of %s has %d parts (%s), got %d in %q.",
				kind.Name, parts, strings.Join(kind.HumanFriendlyID, ", "), len(hfid), problem.Excerpt(reference, 80)), referenceHelp)
		}
		variable := fmt.Sprintf("n%d", i)
		declared = append(declared, "$"+variable+": [String]")
		fields = append(fields, fmt.Sprintf("%s: %s(hfid: $%s) { edges { node { id } } }", variable, kind.Name, variable))
		variables[variable] = hfid
	}
	if len(fields) == 0 {
		return ids, nil
	}
	data, err := c.Client.GraphQL(ctx, infrahub.Query{
		Document:  "query(" + strings.Join(declared, ", ") + ") { " + strings.Join(fields, " ") + " }",
		Variables: variables,
		Branch:    branch,
	})
	if err != nil {
		return nil, fmt.Errorf("looking up the nodes: %w", err)
	}
	var found map[string]struct {
		Edges []struct {
			Node struct {
				ID string `json:"id"`
			} `json:"node"`
		} `json:"edges"`
	}
	if err := json.Unmarshal(data, &found); err != nil {
		return nil, fmt.Errorf("looking up the nodes: %w", err)
	}
	for i, reference := range references {
		if ids[i] != "" {
			continue
		}
		edges := found[fmt.Sprintf("n%d", i)].Edges
		if len(edges) == 0 {
			return nil, problem.New(fmt.Sprintf("There is no node %q on this branch.", problem.Excerpt(reference, 80)), "Find it with search_nodes or get_nodes.")
		}
		ids[i] = edges[0].Node.ID
	}
	return ids, nil
}

// label fills in display_label and hfid of nodes of which only id and kind are
// known: one request for all.
func label(ctx context.Context, c *call.Call, branch string, lists ...[]match) error {
	var ids []string
	for _, list := range lists {
		for _, m := range list {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	answer, err := operations.NodeLabels(ctx, c.Client.Operations(branch, ""), ids, len(ids))
	if err != nil {
		return fmt.Errorf("reading the labels: %w", err)
	}
	type labels struct {
		label string
		hfid  []string
	}
	known := map[string]labels{}
	for _, edge := range answer.CoreNode.Edges {
		if n := edge.Node; n != nil && n.Id != nil && n.DisplayLabel != nil {
			known[*n.Id] = labels{*n.DisplayLabel, n.Hfid}
		}
	}
	for _, list := range lists {
		for i := range list {
			l := known[list[i].ID]
			list[i].Label, list[i].HFID = l.label, l.hfid
		}
	}
	return nil
}
