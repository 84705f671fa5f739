// Package telemetry holds what the operator sees of a running server: logs
// without credentials, and counters.
package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// NewLogger returns a logger that writes one line of key=value pairs for each
// record at or above a level: debug, info, warning or error. The secrets are
// replaced wherever they stand in a record.
func NewLogger(w io.Writer, level string, secrets ...string) *slog.Logger {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warning": slog.LevelWarn, "error": slog.LevelError}
	r := redactor{newReplacer(secrets)}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: levels[level], ReplaceAttr: r.attribute}))
}

// Hidden stands in a log where a credential was.
const Hidden = "(hidden)"

// redactor keeps credentials out of log records: by the name of an attribute,
// and by value where it is known.
type redactor struct {
	secrets *strings.Replacer
}

// newReplacer replaces secrets, long ones first. A secret of one or two
// characters would cut every line to pieces and is left to the names.
func newReplacer(secrets []string) *strings.Replacer {
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return len(s) < 3 })
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, secret := range secrets {
		pairs = append(pairs, secret, Hidden)
	}
	return strings.NewReplacer(pairs...)
}

// telling are parts of names of attributes whose values are never logged.
func telling() []string {
	return []string{"authorization", "cookie", "credential", "password", "secret", "token", "x-infrahub-key"}
}

func (r redactor) attribute(_ []string, a slog.Attr) slog.Attr {
	key := strings.ToLower(a.Key)
	if slices.ContainsFunc(telling(), func(name string) bool { return strings.Contains(key, name) }) {
		return slog.String(a.Key, Hidden)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(r.secrets.Replace(a.Value.String()))
	case slog.KindAny:
		// Errors and other values are written as text, so they are replaced in it.
		if value := a.Value.Any(); value != nil {
			a.Value = slog.StringValue(r.secrets.Replace(fmt.Sprint(value)))
		}
	}
	return a
}
