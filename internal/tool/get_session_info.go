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
	Protocol         string  `json:"protocol_era"`
	// Changes are null while there is no session branch.
	Changes *changeSum `json:"changes,omitempty"`
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
	if c.SharedAccount {
		out.User = c.User
	}
	if why := c.Settings.WhyReadOnly; why != "" {
		out.Access, out.WhyReadOnly = "read", why
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
	if c.BranchUnknown {
		out.Note = "Session branches cannot be looked up at the moment: pass branch with each call."
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
	if out.Access == "write" && !mayWrite(info.InfrahubPermissions) {
		out.Access, out.WhyReadOnly = "read", "Infrahub lets this account view data but change none, on whatever branch."
	}
	if profile := info.AccountProfile; profile != nil && profile.DisplayLabel != nil && !c.SharedAccount {
		out.User = *profile.DisplayLabel
	}
	return out, countChanges(ctx, c, out)
}

// mayWrite tells whether an account may change something on branches. Decisions
// are those of Infrahub: 4 allows on branches other than the default one, 6 on all.
func mayWrite(p operations.Permissions) bool {
	allows := func(decision string) bool { return decision == "4" || decision == "6" }
	if p.GlobalPermissions != nil {
		for _, edge := range p.GlobalPermissions.Edges {
			if edge.Node.Action == "super_admin" && allows(edge.Node.Decision) {
				return true
			}
		}
	}
	if p.ObjectPermissions != nil {
		for _, edge := range p.ObjectPermissions.Edges {
			if edge.Node.Action != "view" && allows(edge.Node.Decision) {
				return true
			}
		}
	}
	return false
}

// countChanges counts what the session branch changes. One that is gone is told
// of, not an error: the next write starts a fresh one.
func countChanges(ctx context.Context, c *call.Call, out *getSessionInfoOutput) error {
	if c.SessionBranch == "" {
		return nil
	}
	c.Progress(0, 1, "Counting the changes of "+c.SessionBranch)
	counts, err := compare(ctx, c, c.SessionBranch)
	c.Progress(1, 1, "Done")
	if errors.Is(err, infrahub.BranchNotFound) || errors.Is(err, infrahub.BranchClosed) {
		out.Note = "The session branch was merged or deleted; the next write starts a fresh one."
		return nil
	}
	if refused, ok := errors.AsType[*infrahub.Error](err); ok && !protocolFault(err) {
		out.Note = "The changes of the session branch cannot be counted now: " + refused.Error()
		return nil // what is known is worth telling
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
