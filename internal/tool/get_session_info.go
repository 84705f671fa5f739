package tool

import (
	"context"
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
	Version          string  `json:"infrahub_version,omitempty"`
	ServerVersion    string  `json:"server_version"`
	Note             string  `json:"note,omitempty"`
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
	out := &getSessionInfoOutput{Address: c.Client.Address(), Access: "read", ServerVersion: c.Settings.Version}
	if c.SessionBranch != "" {
		out.SessionBranch, out.HasSessionBranch = &c.SessionBranch, true
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
	return out, nil
}
