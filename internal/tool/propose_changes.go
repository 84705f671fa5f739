package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/problem"
)

type proposeChangesInput struct {
	Title       string `json:"title" min:"1" max:"250" jsonschema:"What changes, in one line"`
	Description string `json:"description,omitempty" max:"20000" jsonschema:"Why; what to look at"`
	Destination string `json:"destination_branch,omitempty" jsonschema:"Default: the default branch"`
	Branch      string `json:"branch,omitempty" jsonschema:"Default: the session branch"`
}

type proposeChangesOutput struct {
	ID          string    `json:"id"`
	Title       string    `json:"title"`
	Source      string    `json:"source_branch"`
	Destination string    `json:"destination_branch"`
	State       string    `json:"state"`
	Updated     bool      `json:"updated"`
	Changes     changeSum `json:"changes"`
	URL         string    `json:"url"`
	Note        string    `json:"note,omitempty"`
}

// changeSum counts nodes.
type changeSum struct {
	Added     int `json:"added"`
	Updated   int `json:"updated"`
	Removed   int `json:"removed"`
	Conflicts int `json:"conflicts"`
}

func proposeChanges() Tool {
	return Define(Tool{
		Name:        "propose_changes",
		Title:       "Propose the changes for review",
		Description: "Open a proposed change for the session branch, or update the open one, and return its link. People review and merge it; this server never merges. Call it when the work is complete.",
		Access:      Write,
		Idempotent:  true,
		form:        JSON,
	}, runProposeChanges)
}

func runProposeChanges(ctx context.Context, c *call.Call, in proposeChangesInput) (*proposeChangesOutput, error) {
	source := in.Branch
	if source == "" {
		source = c.SessionBranch
	}
	if source == "" {
		return nil, noSessionBranch(c, "There is no session branch, so there is nothing to propose.", "Make a change with node_upsert first, or name the branch.")
	}
	if err := c.Branches.Usable(ctx, source); err != nil {
		return nil, err
	}
	destination, err := destinationOf(ctx, c, in.Destination)
	if err != nil {
		return nil, err
	}
	c.Progress(0, 3, "Comparing "+source+" with "+destination)
	counts, err := compare(ctx, c, source)
	if errors.Is(err, infrahub.BranchNotFound) {
		c.Branches.Lost(ctx, source, "no longer exists")
		return nil, problem.New(fmt.Sprintf("The branch %s no longer exists, so there is nothing to propose.", source), "The next write starts a fresh session branch.")
	}
	if err != nil {
		return nil, err
	}
	if counts == nil || counts.NumAdded+counts.NumUpdated+counts.NumRemoved == 0 {
		return nil, problem.New(fmt.Sprintf("The branch %s holds no change, so there is nothing to propose.", source), "Make a change with node_upsert first.")
	}
	out := &proposeChangesOutput{
		Title: in.Title, Source: source, Destination: destination, State: "open",
		Changes: changeSum{counts.NumAdded, counts.NumUpdated, counts.NumRemoved, counts.NumConflicts},
	}
	c.Progress(1, 3, "Looking for an open proposed change")
	defer c.Branches.Alone(source)()
	err = openProposal(ctx, c, in, out)
	if err != nil && strings.Contains(err.Error(), "open proposed change already exists") {
		err = openProposal(ctx, c, in, out) // another replica was quicker: now it is found
	}
	if err != nil {
		return nil, err
	}
	c.Progress(3, 3, "Proposed")
	out.URL = webAddress(ctx, c) + "/proposed-changes/" + out.ID
	if out.Changes.Conflicts > 0 {
		out.Note = "The branch and the default branch changed the same data: people resolve these conflicts in Infrahub. get_branch_diff shows them."
	}
	return out, nil
}

// openProposal updates the open proposed change of the branch, or opens one. It
// asks at the endpoint of the branch, where that takes no more rights than
// changing the branch does.
func openProposal(ctx context.Context, c *call.Call, in proposeChangesInput, out *proposeChangesOutput) error {
	client := c.Client.Operations(out.Source, "")
	open, err := operations.OpenProposedChanges(ctx, client, out.Source)
	if err != nil {
		return fmt.Errorf("looking for open proposed changes: %w", err)
	}
	for _, edge := range open.CoreProposedChange.Edges {
		if edge.Node == nil {
			continue
		}
		out.ID, out.Updated = edge.Node.Id, true
		if edge.Node.State != nil && edge.Node.State.Value != nil {
			out.State = *edge.Node.State.Value
		}
		if edge.Node.DestinationBranch != nil && edge.Node.DestinationBranch.Value != nil {
			out.Destination = *edge.Node.DestinationBranch.Value
		}
		if out.State != "open" {
			return problem.New(fmt.Sprintf("The proposed change of %s is being merged.", out.Source), "Wait until that is done; the next write starts a fresh branch.")
		}
		description := in.Description
		if description == "" && edge.Node.Description != nil && edge.Node.Description.Value != nil {
			description = *edge.Node.Description.Value // what was not given stays
		}
		c.Progress(2, 3, "Updating the proposed change")
		finishing, done := c.Finish(ctx)
		_, err := operations.UpdateProposedChange(finishing, client, out.ID, in.Title, description)
		done()
		if err != nil {
			return fmt.Errorf("updating the proposed change: %w", err)
		}
		return nil
	}
	c.Progress(2, 3, "Opening a proposed change")
	description := in.Description
	if c.Credit != "" {
		description = strings.TrimPrefix(description+"\n\nProposed for "+c.Credit+" through infrahub-mcp.", "\n\n")
	}
	ctx, done := c.Finish(ctx)
	defer done()
	made, err := operations.CreateProposedChange(ctx, client, in.Title, description, out.Source, out.Destination)
	if err != nil {
		return fmt.Errorf("opening the proposed change: %w", err)
	}
	if made.CoreProposedChangeCreate == nil || made.CoreProposedChangeCreate.Object == nil {
		return errors.New("opening the proposed change: Infrahub answered without one")
	}
	out.ID = made.CoreProposedChangeCreate.Object.Id
	return nil
}

// destinationOf returns the branch to merge into: the one asked for, which must
// exist, else the default branch.
func destinationOf(ctx context.Context, c *call.Call, asked string) (string, error) {
	answer, err := operations.Branches(ctx, c.Client.Operations("", ""))
	if err != nil {
		return "", fmt.Errorf("asking for the branches: %w", err)
	}
	names := make([]string, len(answer.Branch))
	for i, b := range answer.Branch {
		names[i] = b.Name
		if b.Name == asked || asked == "" && b.IsDefault != nil && *b.IsDefault {
			return b.Name, nil
		}
	}
	return "", problem.Unknown("branch", asked, names, "Leave destination_branch out for the default branch.")
}

// webAddress is where the web pages of Infrahub are: the address it gives out, or
// the one that this server uses.
func webAddress(ctx context.Context, c *call.Call) string {
	raw, err := c.Client.REST(ctx, "/api/config", nil)
	var settings struct {
		Main struct {
			PublicURL *string `json:"public_url"`
		} `json:"main"`
	}
	if err != nil || json.Unmarshal(raw, &settings) != nil || settings.Main.PublicURL == nil || *settings.Main.PublicURL == "" {
		return c.Client.Address()
	}
	return strings.TrimSuffix(*settings.Main.PublicURL, "/")
}
