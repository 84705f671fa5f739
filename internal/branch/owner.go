package branch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"

	"infrahub-mcp/internal/infrahub/operations"
)

// Owner says whose branch is meant.
type Owner struct {
	// Principal is the stable key of who is authenticated, empty for anonymous
	// callers.
	Principal string
	// Session is the id of the session, empty where the protocol has none.
	Session string
	// User is the name for {user} in the pattern.
	User string
	// Unnamed keeps that name out of what Infrahub stores about a branch.
	Unnamed bool
}

// key is under what the branch of an owner is remembered: a session belongs to
// one principal. It is empty for an anonymous caller without a session, for whom
// nothing can be remembered.
func (o Owner) key() string {
	if o.Session == "" && o.Principal == "" {
		return ""
	}
	return "branch\x00" + o.Principal + "\x00" + o.Session
}

// mark tells who a branch was made for, to who knows the principal, and else
// nothing, not even that two branches are of the same one. It is "" for anonymous
// callers.
func (o Owner) mark(branch string) string {
	if o.Principal == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(o.Principal + "\x00" + branch))
	return hex.EncodeToString(sum[:8])
}

// describe is the description of a branch that is made for an owner. It ends with
// the mark: Infrahub remembers it with the branch, for all replicas and as long as
// there is the branch.
func (o Owner) describe(branch string) string {
	description := "Changes by an AI assistant through infrahub-mcp"
	if o.User != "" && !o.Unnamed {
		description += " for " + o.User
	}
	if mark := o.mark(branch); mark != "" {
		description += " (owner " + mark + ")"
	}
	return description
}

// markOf finds the mark in the description of a branch, "" if there is none.
func markOf(b *operations.Branch) string {
	if b.Description == nil {
		return ""
	}
	found := regexp.MustCompile(`\(owner ([0-9a-f]{16})\)$`).FindStringSubmatch(*b.Description)
	if found == nil {
		return ""
	}
	return found[1]
}

// mark finds out who a branch was made for, "" where that is not known or does not
// matter: among anonymous callers a branch is whose who knows its name.
func (s *Session) mark(ctx context.Context, name string) (string, error) {
	if s.owner.Principal == "" {
		return "", nil
	}
	if mark, ok := s.manager.saw(name); ok {
		return mark, nil
	}
	found, err := s.find(ctx, name)
	if err != nil || found == nil {
		return "", err
	}
	return markOf(found), nil
}
