package call

import (
	"context"
	"time"

	"infrahub-mcp/internal/problem"
)

// Confirmer puts a yes-or-no question to the user of the client that made the
// call. A call asks at most one question; several subjects go into one.
//
// subject identifies everything the answer is about (operation, kind, id,
// branch, what else goes with it): an answer given for one subject never
// counts for another. question is plain text for the user to read.
//
// The error is that of ctx when the call ends while the user thinks, or an
// *InputRequired, which the caller returns as it is. Only Confirmed permits.
type Confirmer func(ctx context.Context, subject, question string) (Decision, error)

// AnswerTime is how long a user may think while a call waits. A call that may
// ask needs as much time beyond its limit.
const AnswerTime = 5 * time.Minute

// Decision is what became of a question.
type Decision int

// The outcomes of asking. The zero value permits nothing.
const (
	Unanswered Decision = iota // no valid answer came in time
	Declined                   // the user said no, or dismissed the question
	Confirmed                  // the user said yes
)

func (d Decision) String() string {
	switch d {
	case Confirmed:
		return "confirmed"
	case Declined:
		return "declined"
	default:
		return "unanswered"
	}
}

// InputRequired says that the call cannot go on before the user has answered.
// From protocol 2026-07-28 on the call ends with the question, and the client
// makes it again with the answer (specification, Multi Round-Trip Requests).
// Every layer passes it up unchanged.
type InputRequired struct {
	Subject, Question string
}

func (*InputRequired) Error() string { return "the user must answer a question first" }

// MissingCapability says that the client must be able to do something for this
// call, and did not declare it. From protocol 2026-07-28 on that has an error of
// its own (MCP, Base Protocol, Per-request protocol fields); before, the model is
// told the reason.
type MissingCapability struct {
	Capability string // of MCP, such as elicitation
	Reason     *problem.Problem
}

func (m *MissingCapability) Error() string { return m.Reason.Error() }

// Unwrap returns the reason.
func (m *MissingCapability) Unwrap() error { return m.Reason }
