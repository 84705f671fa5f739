package tool

import (
	"context"
	"errors"
	"fmt"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/operations"
)

type getSessionInfoInput struct{}

type getSessionInfoOutput struct {
	SessionBranch    *string `json:"session_branch" jsonschema:"Branch that this session writes to and reads from; null while there is none"`
	HasSessionBranch bool    `json:"has_session_branch"`
	Address          string  `json:"infrahub_address"`
	DefaultBranch    string  `json:"default_branch,omitempty"`
	User             string  `json:"user,omitempty" jsonschema:"Account at Infrahub"`
	Access           string  `json:"access" jsonschema:"read or write"`
	WhyReadOnly      string  `json:"why_read_only,omitempty"`
	Version          string  `json:"infrahub_version,omitempty"`
	ServerVersion    string  `json:"server_version"`
	Protocol         string  `json:"protocol_era" jsonschema:"sessions (2025-11-25 and older) or stateless (2026-07-28)"`
	// Changes are null while there is no session branch.
	Changes *changeSum `json:"changes,omitempty" jsonschema:"Nodes that the session branch changes"`
	Note    string     `json:"note,omitempty"`
}

func getSessionInfo() Tool {
	return Define(Tool{
		Name:        "get_session_info",
		Title:       "Describe this session",
		Description: "Tell which Infrahub this is, its version and default branch, who is asking with which access, and the session branch if there is one.",
		Idempotent:  true,
		form:        JSON,
	}, runGetSessionInfo)
}

func runGetSessionInfo(ctx context.Context, c *call.Call, _ getSessionInfoInput) (*getSessionInfoOutput, error) {
	out := &getSessionInfoOutput{Address: c.Client.Address(), Access: "write", ServerVersion: c.Settings.Version, Protocol: "sessions"}
	if c.Settings.ReadOnly {
		out.Access, out.WhyReadOnly = "read", "The operator made this server read-only (INFRAHUB_MCP_READ_ONLY)."
	}
	if c.Modern {
		out.Protocol = "stateless"
	}
	if c.SessionBranch != "" {
		out.SessionBranch, out.HasSessionBranch = &c.SessionBranch, true
	}
	if c.Branches.Sessionless() {
		out.Note = "This connection has no session: the first write answers its branch, which further calls must pass on."
	}
	info, err := operations.SessionInfo(ctx, c.Client.Operations("", ""))
	switch {
	case infrahub.Unavailable(err):
		// What this server knows by itself is worth telling when Infrahub is down.
		out.Note = "Infrahub does not answer at the moment."
		return out, nil
	case err != nil && info.InfrahubInfo.Version == "":
		return nil, fmt.Errorf("asking Infrahub about itself: %w", err)
	}
	// An error beside an answer is that of the account: the anonymous user has none.
	out.Version = info.InfrahubInfo.Version
	for _, branch := range info.Branch {
		if branch.IsDefault != nil && *branch.IsDefault {
			out.DefaultBranch = branch.Name
		}
	}
	if profile := info.AccountProfile; profile != nil && profile.DisplayLabel != nil {
		out.User = *profile.DisplayLabel
	}
	return out, countChanges(ctx, c, out)
}

// countChanges counts what the session branch changes. One that is gone is told
// of, not an error: the next write starts a fresh one.
func countChanges(ctx context.Context, c *call.Call, out *getSessionInfoOutput) error {
	if c.SessionBranch == "" {
		return nil
	}
	counts, err := compare(ctx, c, c.SessionBranch)
	if errors.Is(err, infrahub.BranchNotFound) || errors.Is(err, infrahub.BranchClosed) {
		out.Note = "The session branch was merged or deleted; the next write starts a fresh one."
		return nil
	}
	if err != nil {
		return err
	}
	out.Changes = &changeSum{}
	if counts != nil {
		out.Changes = &changeSum{counts.NumAdded, counts.NumUpdated, counts.NumRemoved, counts.NumConflicts}
	}
	return nil
}
