package tool

import (
	"context"
	"encoding/json"
	"errors"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/kept"
	"infrahub-mcp/internal/telemetry"
)

// kept is result, or what it was before where that is as good.
func (t *Tool) kept(ctx context.Context, c *call.Call, arguments json.RawMessage, class *telemetry.Class) (Result, error) {
	var given struct {
		Branch string `json:"branch"`
	}
	if len(arguments) > maxKept || len(arguments) > 0 && json.Unmarshal(arguments, &given) != nil {
		return t.result(ctx, c, arguments, class)
	}
	var refused Result
	answer, err := c.Keep(ctx, c.Branch(given.Branch), t.Name+"\x00"+string(arguments), func() (kept.Answer, error) {
		made, err := t.result(ctx, c, arguments, class)
		if err == nil && made.IsError {
			refused, err = made, errNotKept
		}
		return kept.Answer{Text: []byte(made.Text), Structured: made.Structured}, err
	})
	switch {
	case errors.Is(err, errNotKept):
		return refused, nil
	case err != nil:
		return Result{}, err
	}
	return Result{Structured: answer.Structured, Text: string(answer.Text)}, nil
}

// errNotKept is that of a result which is good for nobody but its caller now.
var errNotKept = errors.New("a refusal is not kept")

// maxKept bounds the arguments of calls whose results are kept, in bytes.
const maxKept = 1000
