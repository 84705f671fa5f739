// Package protocol speaks the Model Context Protocol: it turns the catalogues
// of tools, resources, prompts and completions into a server of both protocol
// eras (2025-11-25 and older with a handshake, 2026-07-28 without) over stdio
// and streamable HTTP.
//
// It is the only package that imports mcp-go. That library decodes, dispatches
// and validates messages; the transports are ours, because those of mcp-go
// 1.2.1 let one client cancel another's request, lose and misdirect
// notifications, accept session ids that nobody issued, lose answers at the end
// of standard input, and leave no way to choose a JSON-RPC error code.
package protocol

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/completion"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/prompt"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/state"
	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/tool"
	"infrahub-mcp/internal/watch"
)

// Options say what a Server serves.
type Options struct {
	Name, Title, Version string
	Tools                []tool.Tool
	Resources            []resource.Resource
	Prompts              []prompt.Prompt
	// ReadOnly withholds the tools that write, from everyone.
	ReadOnly bool
	// MayWrite reports whether the sender of a request may write; from who may
	// not, the tools that write are withheld. Nil means that everyone may.
	MayWrite func(context.Context) bool
	// Client names the client that sends a request, one of its principal, and says
	// since when its credential is good. Where it is set, clients are told when what
	// they may do has changed with a newer credential.
	Client func(context.Context) (name string, since time.Time)
	// Watcher looks for changes of resources that clients subscribe to. Nil means
	// that they cannot.
	Watcher *watch.Watcher
	// NewCall makes the Call of one request. Its error is answered like that of
	// a tool.
	NewCall func(ctx context.Context, origin Origin) (*call.Call, error)
	// Principal names who a request comes from; a user's answer counts only for
	// the principal that was asked. Nil means that there is only one.
	Principal func(context.Context) string
	// AnswerTime is how long a user may think while a call waits
	// (call.AnswerTime when 0).
	AnswerTime time.Duration
	// ListLife is how long clients may keep lists, from 2026-07-28 on; at 0 they are
	// to ask every time (MCP, Caching). Resources are read anew every time: only
	// the server knows that a session has another branch or a branch another
	// schema.
	ListLife time.Duration
	// Keys are those that what replicas hand out is sealed with, 32 bytes each, newest
	// first, and Shared is what they share. Nil is for one process alone, whose keys
	// are random.
	Keys   [][]byte
	Shared *state.Redis
	// Metrics count requests, sessions and streams; nil counts nothing.
	Metrics *telemetry.Metrics
	// Traces record requests; nil records nothing.
	Traces *telemetry.Traces
	// Extend adds to the library's server what the catalogues cannot hold. The
	// program has nothing to add; the conformance tests do.
	Extend func(*server.MCPServer, Ask)
	Logger *slog.Logger

	pageSize int // entries of one page of a list (pageSize when 0)
}

// Origin says which request a Call is made for.
type Origin struct {
	// Session tells the clients of one server process apart: the session id on
	// HTTP, one constant id on stdio, empty for requests without a session.
	Session string
	// Modern says that the request uses protocol 2026-07-28 or later.
	Modern bool
	// Report sends progress to the client; nil when it asked for none.
	Report func(done, total float64, message string)
	// Log sends a message to the client, unless that wants none of its level. It is
	// never nil.
	Log func(call.Message)
	// Commit has the request answered although the client cancels it, which
	// otherwise is not answered.
	Commit func()
	// Ask puts a question to the user during a call of a tool; nil when the
	// client cannot ask.
	Ask call.Confirmer
}

// Server answers messages. It is safe for concurrent use.
type Server struct {
	core      *server.MCPServer
	catalogue []tool.Tool                // of which options.Tools are offered
	reading   []tool.Tool                // of which those are offered to who may not write
	mirrors   map[string]*mcp.Tool       // the tools with arguments that clients repeat in headers
	entries   map[string]json.RawMessage // of tools/list, by the name of the tool
	options   Options
	seal      *seal
	grants    *grants                     // nil where nothing can change
	templates map[string]*mcp.URITemplate // of resources, by their text
	peers     atomic.Uint64               // how many there were
}

// New builds a server from the catalogues.
func New(o Options) *Server {
	if o.Principal == nil {
		o.Principal = func(context.Context) string { return "" }
	}
	o.AnswerTime = cmp.Or(o.AnswerTime, call.AnswerTime)
	catalogue := o.Tools
	o.Tools = tool.Offered(catalogue, o.ReadOnly)
	o.pageSize = cmp.Or(o.pageSize, pageSize)
	s := &Server{
		catalogue: catalogue, reading: tool.Offered(catalogue, true), options: o, seal: newSeal(o.Shared, o.Keys),
		mirrors: map[string]*mcp.Tool{}, templates: map[string]*mcp.URITemplate{},
	}
	changing := listChanges(&o)
	if changing {
		s.grants = newGrants()
	}
	completer := completer{s}
	hooks := &server.Hooks{}
	s.core = server.NewMCPServer(o.Name, o.Version,
		server.WithTitle(o.Title),
		server.WithInstructions(prompt.Instructions(o.Tools, o.ReadOnly)),
		// The catalogues do not change while the process runs; what a caller may use
		// of the tools can.
		server.WithToolCapabilities(changing),
		server.WithResourceCapabilities(o.Watcher != nil, false),
		server.WithPromptCapabilities(false),
		server.WithHooks(hooks),
		server.WithCompletions(),
		server.WithLogging(),
		server.WithPromptCompletionProvider(completer),
		server.WithResourceCompletionProvider(completer),
	)
	if o.MayWrite != nil {
		s.offerByCaller(hooks)
	}
	for _, list := range []mcp.MCPMethod{mcp.MethodToolsList, mcp.MethodResourcesList, mcp.MethodResourcesTemplatesList, mcp.MethodPromptsList} {
		server.WithMethodCacheHints(list, o.ListLife.Milliseconds(), mcp.CacheScopePrivate)(s.core)
	}
	s.paginate(hooks)
	s.introduce(hooks)
	for i := range o.Tools {
		s.addTool(&o.Tools[i])
	}
	for i := range o.Resources {
		s.addResource(&o.Resources[i])
	}
	for i := range o.Prompts {
		s.addPrompt(&o.Prompts[i])
	}
	if o.Extend != nil {
		o.Extend(s.core, s.ask)
	}
	s.entries = encodeTools(s.core)
	return s
}

// ReplaceKeys puts other keys in the place of those of the options, newest first.
func (s *Server) ReplaceKeys(keys [][]byte) { s.seal.replace(keys) }

func (s *Server) addTool(t *tool.Tool) {
	yes, no := true, false
	hint := func(value bool) *bool {
		if value {
			return &yes
		}
		return &no
	}
	entry := mcp.NewToolWithRawSchema(t.Name, t.Description, t.Input)
	entry.Title = t.Title
	entry.RawOutputSchema = t.Output
	entry.Annotations = mcp.ToolAnnotation{
		Title:           t.Title,
		ReadOnlyHint:    hint(t.Access == tool.Read),
		DestructiveHint: hint(t.Access == tool.Destructive),
		IdempotentHint:  hint(t.Idempotent),
		OpenWorldHint:   &no, // one Infrahub, chosen by the operator
	}
	if mcp.ExtractParamHeaderBindings(&entry) != nil {
		s.mirrors[t.Name] = &entry
	}
	s.core.AddTool(entry, func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		ask, err := s.confirmer(ctx, &request.Params)
		if err != nil {
			return nil, err
		}
		c, err := s.call(ctx, request.Params.Meta, ask)
		if err != nil {
			return nil, s.fault(ctx, err)
		}
		result, err := t.Run(ctx, c, request.Params.RawArguments)
		if asked, ok := errors.AsType[*call.InputRequired](err); ok {
			return s.inputRequired(ctx, &request.Params, asked), nil
		}
		if err != nil {
			return nil, s.fault(ctx, err)
		}
		// A fresh result each time: the library writes into it.
		answer := &mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent(result.Text)}, IsError: result.IsError}
		if result.Note != "" {
			answer.Content = append(answer.Content, mcp.NewTextContent(result.Note))
		}
		if result.Structured != nil {
			answer.StructuredContent = result.Structured
		}
		return answer, nil
	})
}

func (s *Server) addResource(r *resource.Resource) {
	read := func(ctx context.Context, request mcp.ReadResourceRequest) (contents []mcp.ResourceContents, err error) {
		defer s.recover(ctx, &err)
		c, err := s.call(ctx, request.Params.Meta, nil)
		if err != nil {
			return nil, s.fault(ctx, err)
		}
		variables := map[string]string{}
		for name, value := range request.Params.Arguments {
			if list, ok := value.([]string); ok && len(list) > 0 {
				variables[name] = list[0]
			}
		}
		content, err := r.Read(ctx, c, request.Params.URI, variables)
		if err != nil {
			return nil, s.resourceFault(ctx, request.Params.URI, err)
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: request.Params.URI, MIMEType: r.MIMEType, Text: string(content)}}, nil
	}
	if strings.Contains(r.URI, "{") {
		template := mcp.NewResourceTemplate(r.URI, r.Name, mcp.WithTemplateDescription(r.Description), mcp.WithTemplateMIMEType(r.MIMEType))
		template.Title = r.Title
		s.templates[r.URI] = template.URITemplate
		s.core.AddResourceTemplate(template, read)
		return
	}
	entry := mcp.NewResource(r.URI, r.Name, mcp.WithResourceDescription(r.Description), mcp.WithMIMEType(r.MIMEType))
	entry.Title = r.Title
	s.core.AddResource(entry, read)
}

func (s *Server) addPrompt(p *prompt.Prompt) {
	entry := mcp.Prompt{Name: p.Name, Title: p.Title, Description: p.Description}
	for _, a := range p.Arguments {
		entry.Arguments = append(entry.Arguments, mcp.PromptArgument{Name: a.Name, Description: a.Description, Required: a.Required})
	}
	s.core.AddPrompt(entry, func(ctx context.Context, request mcp.GetPromptRequest) (result *mcp.GetPromptResult, err error) {
		defer s.recover(ctx, &err)
		ctx, span := telemetry.PromptSpan(ctx, p.Name)
		defer span.End()
		text, err := p.Text(s.offered(ctx), s.readOnly(ctx), request.Params.Arguments)
		if err != nil {
			span.Fail(string(tool.ClassOf(err)))
			return nil, s.fault(ctx, err)
		}
		return mcp.NewGetPromptResult(p.Description, []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text))}), nil
	})
}

// completer answers completion/complete for prompts and resource templates.
type completer struct{ server *Server }

func (c completer) CompletePromptArgument(ctx context.Context, name string, argument mcp.CompleteArgument, others mcp.CompleteContext) (*mcp.Completion, error) {
	for _, p := range c.server.options.Prompts {
		if p.Name == name {
			return c.complete(ctx, argument, others)
		}
	}
	return nil, c.server.fault(ctx, problem.New("There is no prompt of that name.", "prompts/list names them."))
}

func (c completer) CompleteResourceArgument(ctx context.Context, uri string, argument mcp.CompleteArgument, others mcp.CompleteContext) (*mcp.Completion, error) {
	for _, r := range c.server.options.Resources {
		if r.URI == uri {
			return c.complete(ctx, argument, others)
		}
	}
	return nil, c.server.fault(ctx, problem.New("There is no resource template of that URI.", "resources/templates/list names them."))
}

func (c completer) complete(ctx context.Context, argument mcp.CompleteArgument, others mcp.CompleteContext) (result *mcp.Completion, err error) {
	defer c.server.recover(ctx, &err)
	made, err := c.server.call(ctx, nil, nil)
	if err != nil {
		return nil, c.server.fault(ctx, err)
	}
	values, total, err := completion.Complete(ctx, made, argument.Name, argument.Value, others.Arguments)
	if err != nil {
		return nil, c.server.fault(ctx, err)
	}
	if values == nil {
		values = []string{}
	}
	return &mcp.Completion{Values: values, Total: total, HasMore: total > len(values)}, nil
}

// call makes the Call of the request in ctx.
func (s *Server) call(ctx context.Context, meta *mcp.Meta, ask call.Confirmer) (*call.Call, error) {
	e := exchangeFrom(ctx)
	log, err := s.logger(ctx, e)
	if err != nil {
		return nil, err
	}
	origin := Origin{Session: e.session, Modern: server.IsModernRequest(ctx), Ask: ask, Log: log, Commit: func() { e.committed.Store(true) }}
	if meta != nil && meta.ProgressToken != nil {
		origin.Report = e.reporter(meta.ProgressToken)
	}
	return s.options.NewCall(ctx, origin)
}

// recover turns a panic into an opaque error and logs its stack.
func (s *Server) recover(ctx context.Context, err *error) {
	if fault := recover(); fault != nil {
		s.logPanic(ctx, fault)
		*err = s.fault(ctx, errors.New("internal error"))
	}
}
