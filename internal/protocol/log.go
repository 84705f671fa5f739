package protocol

import (
	"context"
	"fmt"
	"maps"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/state"
)

// logger returns how to send log messages to the client of the request in ctx, on
// the stream of that request (specification, Logging). Until 2025-11-25 a client
// gets what its session wants; from 2026-07-28 on it gets nothing unless the
// request names a level. The error says that there is no such level.
//
// The library's own way (SendLogMessageToClient, v1.2.1) goes through a channel
// and loses what does not fit into it; this one waits for the client.
func (s *Server) logger(ctx context.Context, e *exchange) (func(call.Message), error) {
	least := func() mcp.LoggingLevel { return e.levels.of(ctx, e.session) }
	if info := server.RequestProtocolInfoFromContext(ctx); info != nil && info.Modern {
		if info.LogLevel != "" && !info.LogLevel.ShouldSendTo(info.LogLevel) {
			return nil, problem.New(fmt.Sprintf("There is no log level %q.", problem.Excerpt(string(info.LogLevel), 20)),
				"The levels are debug, info, notice, warning, error, critical, alert and emergency.")
		}
		least = func() mcp.LoggingLevel { return info.LogLevel }
	}
	return func(m call.Message) {
		if level := mcp.LoggingLevel(m.Level); level.ShouldSendTo(least()) {
			e.log(level, s.options.Name, m)
		}
	}, nil
}

// maxLogged bounds the log messages of one request, so that work that goes wrong
// again and again does not flood the client.
const maxLogged = 100

// log sends a log message.
func (e *exchange) log(level mcp.LoggingLevel, logger string, m call.Message) {
	if e.logged.Add(1) > maxLogged {
		return
	}
	data := map[string]any{"message": m.Text}
	maps.Copy(data, m.Details)
	e.notify(newNotification("notifications/message", mcp.LoggingMessageNotificationParams{Level: level, Logger: logger, Data: data}))
}

// levels are the levels from which on sessions of the older era want log messages,
// as they chose with logging/setLevel, at whatever replica. It is safe for concurrent
// use; nil knows of no session.
type levels struct {
	chosen   *lru.Cache[string, mcp.LoggingLevel] // here
	replicas *replicas
}

const (
	// defaultLevel is for sessions that chose none, where the specification leaves
	// the choice to the server. Clients that never asked for messages are told what
	// is wrong, and get nothing but answers as long as all is well.
	defaultLevel = mcp.LoggingLevelWarning
	// maxLevels bounds what is remembered. The sessions beyond that were quiet for
	// longest get the default.
	maxLevels = 100_000
)

func newLevels(r *replicas) *levels {
	chosen, err := lru.New[string, mcp.LoggingLevel](maxLevels)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &levels{chosen, r}
}

// of returns the level of a session. It is asked for when there is something to
// say.
func (l *levels) of(ctx context.Context, session string) mcp.LoggingLevel {
	if l != nil {
		if level, ok := l.replicas.level(ctx, session); ok {
			return level
		}
		if level, ok := l.chosen.Get(session); ok {
			return level
		}
	}
	return defaultLevel
}

// choose remembers the level of a session. A request without a session has
// nothing to remember it by: whatever else has none would get it too.
func (l *levels) choose(ctx context.Context, session string, level mcp.LoggingLevel) {
	if l != nil && session != "" {
		l.chosen.Add(session, level)
		l.replicas.choose(ctx, session, level)
	}
}

// level is the level that a session chose at whatever replica.
func (r *replicas) level(ctx context.Context, session string) (mcp.LoggingLevel, bool) {
	if r == nil || session == "" {
		return "", false
	}
	level, ok, err := r.shared.Get(ctx, state.Key("level", session))
	return mcp.LoggingLevel(level), ok && err == nil
}

// choose keeps the level of a session for all replicas, if that is possible now.
func (r *replicas) choose(ctx context.Context, session string, level mcp.LoggingLevel) {
	if r != nil {
		_ = r.shared.Set(ctx, state.Key("level", session), string(level), r.life)
	}
}

// forget forgets a session that has ended.
func (l *levels) forget(session string) { l.chosen.Remove(session) }
