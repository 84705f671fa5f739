package protocol

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// Ask sends a request to the client of the older era whose request is in ctx, on
// the stream of that request, and waits for the result, which comes as a message
// of its own. It does not look at what the client can do. The error is that of ctx
// when the request ends before the answer; any other says that there is no result.
type Ask func(ctx context.Context, method mcp.MCPMethod, params any) (json.RawMessage, error)

// ask is an [Ask]. The client may think for [Options.AnswerTime].
func (s *Server) ask(ctx context.Context, method mcp.MCPMethod, params any) (json.RawMessage, error) {
	e := exchangeFrom(ctx)
	if e.questions == nil {
		return nil, errors.New("no answer of this client could be read")
	}
	id, answer, remove := e.questions.add(e.session)
	defer remove()
	e.notify(newRequest(id, string(method), params))

	limit := time.NewTimer(s.options.AnswerTime)
	defer limit.Stop()
	var reason string
	var err error
	select {
	case m := <-answer:
		switch {
		case m == nil:
			reason = "answers are no longer read"
		case m.Error != nil:
			return nil, fmt.Errorf("the client answered %s with an error", method)
		default:
			return m.Result, nil
		}
	case <-ctx.Done():
		reason, err = "the call that asked has ended", ctx.Err()
	case <-limit.C:
		reason = "no answer in time"
	}
	// So that the client can take its dialog away.
	e.notify(newCancellation(id, reason))
	if err == nil {
		err = errors.New(reason)
	}
	return nil, err
}
