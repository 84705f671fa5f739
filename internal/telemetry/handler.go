package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
)

// handler gives every record the id of its request and takes the credentials
// out of it, before another handler writes it.
type handler struct {
	lines  slog.Handler
	hidden *redactor
	// spell adds to the lines that operators look for their text, which JSON does
	// not show.
	spell bool
}

// Enabled implements [slog.Handler].
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.lines.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	own := secretsOf(ctx)
	clean := slog.NewRecord(record.Time, record.Level, h.hidden.text(record.Message, own), record.PC)
	record.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attribute(a, own))
		return true
	})
	if h.spell {
		if line := spelled(clean); line != "" {
			clean.AddAttrs(slog.String("line", line))
		}
	}
	if id := RequestID(ctx); id != "" {
		clean.AddAttrs(slog.String("request_id", id))
	}
	if id := TraceID(ctx); id != "" {
		clean.AddAttrs(slog.String("trace_id", id))
	}
	return h.lines.Handle(ctx, clean)
}

// WithAttrs implements [slog.Handler].
func (h *handler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return &handler{h.lines.WithAttrs(h.attributes(attributes, nil)), h.hidden, h.spell}
}

// WithGroup implements [slog.Handler].
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.lines.WithGroup(name), h.hidden, h.spell}
}

// spelled is the text of a line that operators look for in the log, as the Python
// server writes it, such as "tool_call tool=get_nodes user=ann"; "" for the others.
func spelled(r slog.Record) string {
	shown := map[string]int{ // attributes, of those that come first
		"tool_call": 2, "resource_read": 2, "oidc_auth": 3, "auth_middleware": 3, "passthrough_middleware": 2, "read_only_mode": 1,
	}[r.Message]
	if shown == 0 {
		return ""
	}
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.Key + "=" + a.Value.String()
		shown--
		return shown > 0
	})
	return line
}

func (h *handler) attributes(all []slog.Attr, own []string) []slog.Attr {
	clean := make([]slog.Attr, len(all))
	for i, a := range all {
		clean[i] = h.attribute(a, own)
	}
	return clean
}

// attribute returns an attribute without credentials: nothing of its value when
// its name tells that it is one. own are the secrets of the request.
func (h *handler) attribute(a slog.Attr, own []string) slog.Attr {
	if h.hidden.telling(a.Key) {
		return slog.String(a.Key, Hidden)
	}
	value := a.Value.Resolve()
	if a.Key == userKey && value.Kind() == slog.KindString {
		return slog.String(a.Key, bounded(value.String()))
	}
	switch value.Kind() {
	case slog.KindString:
		return slog.String(a.Key, bounded(h.hidden.text(value.String(), own)))
	case slog.KindGroup:
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(h.attributes(value.Group(), own)...)}
	case slog.KindAny:
		// Errors and other values are written as text, so they are hidden in it.
		return slog.String(a.Key, bounded(h.hidden.text(asText(value.Any()), own)))
	default: // numbers and times
		return slog.Attr{Key: a.Key, Value: value}
	}
}

// userKey is the attribute that says who did something: a name that Infrahub or
// the identity provider gave. Nobody shall be able to leave it out of the log by
// a password that is a part of it.
const userKey = "user"

// asText writes a value as package fmt does, but bytes as the text they are: as
// numbers a secret in them would not be found.
func asText(value any) string {
	switch v := value.(type) {
	case []byte:
		return string(v)
	case json.RawMessage:
		return string(v)
	default:
		return fmt.Sprint(v)
	}
}

// maxText bounds one value of a line, in bytes: that of a stack.
const maxText = 16 << 10

func bounded(text string) string {
	if len(text) <= maxText {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes more)", text[:maxText], len(text)-maxText)
}
