package call

import (
	"context"

	"infrahub-mcp/internal/kept"
)

// Keep answers a question about the schema of a branch that depends on nothing
// else. It returns the answer that this caller was given before while Infrahub, as
// often as for any use of the schema, accepts the credential and says that the
// schema is the same. Else it makes the answer. Errors are those of making it, and
// are not kept.
//
// Nothing that a caller writes changes a schema, so no write is hidden.
func (c *Call) Keep(ctx context.Context, branch, question string, answer func() (kept.Answer, error)) (kept.Answer, error) {
	if c.Kept == nil {
		return answer()
	}
	s, err := c.Schema(ctx, branch)
	if err != nil {
		return answer() // and say what is wrong in its own way
	}
	question = s.Hash + "\x00" + branch + "\x00" + question
	if before, ok := c.Kept.Get(question); ok {
		return before, nil
	}
	made, err := answer()
	if err != nil {
		return made, err
	}
	// The schema may have changed while the answer was made.
	if fresh, err := c.Refresh(ctx, branch); err == nil && fresh.Hash == s.Hash {
		c.Kept.Put(question, made)
	}
	return made, nil
}
