package resource

import (
	"context"
	"crypto/sha256"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/watch"
)

// Watchable reports whether it can be told when the content changes.
func (r *Resource) Watchable() bool { return r.version != nil }

// Version returns a text that is another one when what Read returns to this caller
// has changed. It asks Infrahub for little, and through the round. It is only for
// a resource that is Watchable. Errors are those of Read.
func (r *Resource) Version(ctx context.Context, c *call.Call, round *watch.Round, variables map[string]string) (string, error) {
	version, err := r.version(ctx, c, round, variables)
	if lostBranch(ctx, c, err) { // the default branch is read from now on
		fresh := *c
		fresh.SessionBranch = ""
		return r.version(ctx, &fresh, round, variables)
	}
	return version, err
}

// Define returns a resource with functions that read it and tell its version; the
// latter may be nil.
func Define(
	r Resource,
	read func(ctx context.Context, c *call.Call, variables map[string]string) ([]byte, error),
	version func(ctx context.Context, c *call.Call, round *watch.Round, variables map[string]string) (string, error),
) Resource {
	r.read, r.version = read, version
	return r
}

// versionOfSchema is the hash that Infrahub keeps of the schema of a branch.
func versionOfSchema(ctx context.Context, c *call.Call, round *watch.Round, _ map[string]string) (string, error) {
	branch := c.Branch("")
	return round.Once(ctx, "schema\x00"+branch, func() (string, error) {
		s, err := c.Schema(ctx, branch)
		if err != nil {
			return "", err
		}
		return s.Hash, nil
	})
}

// versionOfKinds is a hash of the content: most changes of the schema are of kinds
// that there were before.
func versionOfKinds(ctx context.Context, c *call.Call, round *watch.Round, variables map[string]string) (string, error) {
	return round.Once(ctx, "kinds\x00"+c.Branch(""), func() (string, error) {
		content, err := readKinds(ctx, c, variables)
		return hash(content), err
	})
}

// versionOfKind is a hash of the content: most changes of the schema concern other
// kinds.
func versionOfKind(ctx context.Context, c *call.Call, round *watch.Round, variables map[string]string) (string, error) {
	return round.Once(ctx, "kind\x00"+c.Branch("")+"\x00"+variables["kind"], func() (string, error) {
		content, err := readKind(ctx, c, variables)
		return hash(content), err
	})
}

// versionOfBranches is a hash of the list, which is the same for all that use a
// credential, and the one branch that is marked in it.
func versionOfBranches(ctx context.Context, c *call.Call, round *watch.Round, _ map[string]string) (string, error) {
	list, err := round.Once(ctx, "branches", func() (string, error) {
		content, err := listBranches(ctx, c, "")
		return hash(content), err
	})
	return list + c.SessionBranch, err
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return string(sum[:])
}
