// Package telemetry holds what the operator sees of a running server: logs
// without credentials, counters, and traces.
package telemetry

import (
	"io"
	"log/slog"
	"os"
)

// LogOptions say what a logger writes and how.
type LogOptions struct {
	// Level is that of the least important lines: debug, info, warning or error.
	Level string
	// Format is how a line is written; the zero value is FormatAuto.
	Format LogFormat
	// Secrets are the credentials of the server, nil for none. They are hidden
	// wherever they stand; see [WithSecrets] for those that come with requests.
	Secrets *Secrets
	// Headers are names of HTTP headers that carry credentials, beside the
	// usual ones.
	Headers []string
}

// LogFormat is how a line is written, a value of INFRAHUB_MCP_LOG_FORMAT.
type LogFormat string

// The formats.
const (
	FormatAuto LogFormat = "auto" // text on a terminal, JSON elsewhere
	FormatText LogFormat = "text" // key=value pairs
	// FormatJSON is one object a line; durations are seconds, and the member line
	// has the text of lines that people look for.
	FormatJSON LogFormat = "json"
)

// NewLogger returns a logger that writes one line for each record. Every line of
// a request carries its id, as request_id, and no line a credential.
func NewLogger(w io.Writer, o LogOptions) *slog.Logger {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warning": slog.LevelWarn, "error": slog.LevelError}
	options := &slog.HandlerOptions{Level: levels[o.Level]}
	var lines slog.Handler
	text := o.Format == FormatText || o.Format != FormatJSON && IsTerminal(w)
	if text {
		lines = slog.NewTextHandler(w, options)
	} else {
		options.ReplaceAttr = inSeconds
		lines = slog.NewJSONHandler(w, options)
	}
	return slog.New(&handler{lines: lines, hidden: newRedactor(o.Secrets, o.Headers), spell: !text})
}

// IsTerminal reports whether w is a terminal, or another device of characters.
func IsTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// inSeconds writes a duration as a number of seconds, which slog would write as
// one of nanoseconds.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.Float64Value(a.Value.Duration().Seconds())
	}
	return a
}
