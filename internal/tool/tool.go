// Package tool holds what an MCP client can call: one file per tool, the
// catalogue of all of them, and the one wrapper that runs every call.
//
// A tool is data: names, schemas, access and a function of a Call and a typed
// input. It knows neither the protocol library nor HTTP.
package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/toon"
)

// Access says what a tool may do.
type Access int

// The kinds of access, from harmless to dangerous.
const (
	Read        Access = iota // changes nothing
	Write                     // changes data on a branch
	Destructive               // may remove data on a branch
)

// Form is how a result is written as text beside its structured form.
type Form int

// The forms of text.
const (
	TOON Form = iota // tables and records, for rows of data
	JSON             // compact JSON, for data of any shape
)

// Tool is one entry of the catalogue.
type Tool struct {
	Name        string
	Title       string
	Description string
	Access      Access
	// Idempotent says that a second identical call changes nothing more.
	Idempotent bool
	// Input and Output are JSON Schemas (2020-12) of the arguments and of the
	// structured result.
	Input, Output json.RawMessage

	form   Form
	narrow string // advice when a result is too large
	// ofSchema says that a result depends on the arguments and on the schema of the
	// branch alone, so that it may be kept.
	ofSchema bool
	run      func(ctx context.Context, c *call.Call, arguments json.RawMessage) (any, error)
}

// Result is the outcome of a call that the model reads.
type Result struct {
	// Structured is the result as a JSON object; nil for an error.
	Structured json.RawMessage
	// Text says the same as Structured, or what went wrong.
	Text    string
	IsError bool
	// Note is what to know beside it, "" for nothing.
	Note string
}

// Define completes a catalogue entry from a typed function: schemas from the
// input and output structs, and strict decoding of the arguments.
func Define[In, Out any](t Tool, run func(context.Context, *call.Call, In) (*Out, error)) Tool {
	arguments := argumentsOf[In]()
	t.Input = arguments.schema()
	t.Output = outputSchema[Out]()
	t.run = func(ctx context.Context, c *call.Call, raw json.RawMessage) (any, error) {
		var in In
		if err := arguments.decode(t.Name, raw, &in); err != nil {
			return nil, err
		}
		return run(ctx, c, in)
	}
	return t
}

// Run runs one call. The error is non-nil only for what the protocol answers
// with an error of its own (see Unavailable in package infrahub); everything
// that a model can act on is a Result.
func (t *Tool) Run(ctx context.Context, c *call.Call, arguments json.RawMessage) (result Result, err error) {
	ctx, span := telemetry.ToolSpan(ctx, t.Name)
	start := time.Now()
	var class telemetry.Class // of the error, "" without one
	defer func() {
		outcome, took := telemetry.OK, time.Since(start)
		switch {
		case err != nil && class == "":
			outcome = telemetry.Asked
		case err != nil, class == telemetry.ClassServer:
			outcome = telemetry.Failed
		case result.IsError:
			outcome = telemetry.Refused
		}
		c.Metrics.ToolCall(t.Name, outcome, class, took)
		span.Fail(string(class))
		span.End()
		c.Logger.LogAttrs(context.WithoutCancel(ctx), slog.LevelInfo, "tool_call", c.Audited(
			slog.String("tool", t.Name), slog.String("user", c.User), slog.String("branch", c.SessionBranch),
			slog.String("outcome", string(outcome)), slog.Duration("duration", took))...)
	}()
	defer func() {
		if fault := recover(); fault != nil {
			class = telemetry.ClassServer
			c.Logger.ErrorContext(ctx, "a tool panicked", "tool", t.Name, "panic", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
			result, err = Result{Text: "The server failed while it ran this tool. The operator finds the reason in its log.", IsError: true}, nil
		}
	}()

	thinking := time.Duration(0)
	if c.Ask != nil && t.Access == Destructive {
		thinking = call.AnswerTime // the user may be asked
	}
	ctx, cancel := c.Within(ctx, thinking)
	defer cancel()
	if t.ofSchema {
		return t.kept(ctx, c, arguments, &class)
	}
	return t.result(ctx, c, arguments, &class)
}

// result runs a call and writes what comes of it.
func (t *Tool) result(ctx context.Context, c *call.Call, arguments json.RawMessage, class *telemetry.Class) (Result, error) {
	out, err := t.run(ctx, c, arguments)
	if err != nil && t.Access != Read && sessionBranchGone(ctx, c, arguments, err) {
		out, err = t.run(ctx, c, arguments) // nothing was written; now it goes to a fresh branch
	}
	if err != nil {
		return t.failure(ctx, c, missingBranch(ctx, c, arguments, err), class)
	}
	form := t.form
	if chooser, ok := out.(interface{ Form() Form }); ok {
		form = chooser.Form()
	}
	// A type that has two shapes says so, which is cheaper than to marshal itself:
	// encoding/json reads again what a MarshalJSON wrote.
	if shaped, ok := out.(interface{ encoded() any }); ok {
		out = shaped.encoded()
	}
	structured, err := encode(out)
	if err != nil {
		return t.failure(ctx, c, fmt.Errorf("encoding the result: %w", err), class)
	}
	if len(structured) > c.Settings.MaxBytes {
		what, do := fmt.Sprintf("The result has %d bytes, more than the limit of %d.", len(structured), c.Settings.MaxBytes), t.narrow
		if t.Access != Read {
			what = fmt.Sprintf("It was applied on the branch %s, but the answer has %d bytes, more than the limit of %d.", c.SessionBranch, len(structured), c.Settings.MaxBytes)
			do = "Do not repeat it: read back what was written, or call get_branch_diff."
		}
		return t.failure(ctx, c, problem.New(what, do), class)
	}
	text := structured
	if form == TOON {
		// Data too deep for TOON, whose indentation would outgrow it, stays JSON.
		if text, err = toon.FromJSON(nil, structured); errors.Is(err, toon.ErrTooDeep) {
			text, err = structured, nil
		}
		if err != nil {
			return t.failure(ctx, c, fmt.Errorf("encoding the result as text: %w", err), class)
		}
	}
	return Result{Structured: structured, Text: string(text), Note: t.unknownBranch(c, arguments)}, nil
}

// encode writes a result as compact JSON. Nothing is escaped for HTML, which
// would make arrows and comparisons longer and harder to read.
func encode(out any) (json.RawMessage, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// failure decides what an error becomes, and sets its class: none for a question
// to the user.
func (t *Tool) failure(ctx context.Context, c *call.Call, err error, class *telemetry.Class) (Result, error) {
	if _, asks := errors.AsType[*call.InputRequired](err); asks {
		return Result{}, err // the protocol puts the question to the user
	}
	*class = ClassOf(err)
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return Result{}, err
	}
	if _, lacks := errors.AsType[*call.MissingCapability](err); lacks && c.Modern {
		return Result{}, err // the protocol has an error for it
	}
	text, ok := Explain(err)
	if !ok {
		if protocolFault(err) {
			return Result{}, err
		}
		*class = telemetry.ClassServer
		c.Logger.ErrorContext(ctx, "a tool failed", "tool", t.Name, "error", err)
		text = "The server failed while it ran this tool. The operator finds the reason in its log."
	}
	return Result{Text: text, IsError: true}, nil
}
