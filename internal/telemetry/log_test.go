package telemetry

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	known = `s3cr3t-7f3a/"ö` // from the start
	own   = `0wn-9c1e+"ü`    // of the request
)

func TestLinesHideCredentials(t *testing.T) {
	escaped, err := json.Marshal(known + own)
	if err != nil {
		t.Fatal(err)
	}
	for name, attributes := range map[string][]any{
		"in a text":               {"url", "http://x/?a=" + known + own},
		"in a URL":                {"url", "http://x/?a=" + url.QueryEscape(known) + "&b=" + url.QueryEscape(own)},
		"in the path of a URL":    {"url", "http://x/" + url.PathEscape(known) + "/" + url.PathEscape(own)},
		"in JSON":                 {"body", string(escaped)},
		"in JSON as bytes":        {"body", escaped},
		"in raw JSON":             {"body", json.RawMessage(escaped)},
		"between quotes":          {"body", fmt.Sprintf("%q %+q", known, own)},
		"in an error":             {"error", fmt.Errorf("failed: %w", errors.New(known+own+" was refused"))},
		"in a struct":             {"value", struct{ Inner string }{known + own}},
		"in a list":               {"values", []string{known, own}},
		"in a group":              {slog.Group("a", slog.Group("b", "c", known+own))},
		"in a value made of it":   {"value", made(known + own)},
		"in a header":             {"header", http.Header{"Authorization": {"Bearer another-one"}, "X-Own": {"another-one"}}},
		"under a telling name":    {"Authorization", "another-one"},
		"in part of such a name":  {"api_token", "another-one"},
		"in a group of such":      {slog.Group("secrets", "a", "another-one")},
		"under a name given":      {"x-own", "another-one"},
		"in a header of its name": {"sent", "X-Own: another-one"},
		"unknown but with a form": {"error", errors.New("refused: Bearer another-one")},
	} {
		for _, format := range []LogFormat{FormatText, FormatJSON} {
			var out bytes.Buffer
			log := NewLogger(&out, LogOptions{Level: "debug", Format: format, Secrets: NewSecrets(known, "", "ab"), Headers: []string{"X-Own"}})
			ctx := WithSecrets(t.Context(), own, "", "li")
			log.DebugContext(ctx, "a line with abba", attributes...)
			line := out.String()
			for _, part := range []string{"7f3a", "9c1e", "another-one"} {
				if strings.Contains(line, part) {
					t.Errorf("%s: %s: %s", format, name, line)
				}
			}
			if !strings.Contains(line, Hidden) {
				t.Errorf("%s: %s: nothing was hidden: %s", format, name, line)
			}
			if !strings.Contains(line, "a line with abba") {
				t.Errorf("%s: %s: a secret of two letters cut the line to pieces: %s", format, name, line)
			}
		}
	}
}

func TestWhatOperatorsLookForIsThereInEachFormat(t *testing.T) {
	for want, log := range map[string]func(*slog.Logger){
		"tool_call tool=get_nodes user=ann": func(l *slog.Logger) {
			l.LogAttrs(t.Context(), slog.LevelInfo, "tool_call", slog.String("tool", "get_nodes"), slog.String("user", "ann"), slog.String("branch", "b"))
		},
		"resource_read uri=infrahub://schema user=ann": func(l *slog.Logger) {
			l.Info("resource_read", "uri", "infrahub://schema", "user", "ann", "outcome", "ok")
		},
		"oidc_auth enabled=true config_url=https://idp.example client_id=c": func(l *slog.Logger) {
			l.Info("oidc_auth", "enabled", true, "config_url", "https://idp.example", "client_id", "c")
		},
		"auth_middleware enabled=true auth_mode=oidc write_scopes=['a']": func(l *slog.Logger) {
			l.Info("auth_middleware", "enabled", true, "auth_mode", "oidc", "write_scopes", "['a']")
		},
		"passthrough_middleware enabled=true mode=token-passthrough": func(l *slog.Logger) {
			l.Info("passthrough_middleware", "enabled", true, "mode", "token-passthrough")
		},
		"read_only_mode enabled=true": func(l *slog.Logger) { l.Info("read_only_mode", "enabled", true) },
	} {
		for format, end := range map[LogFormat]string{FormatText: "", FormatJSON: `"}`} {
			var out bytes.Buffer
			log(NewLogger(&out, LogOptions{Level: "info", Format: format}))
			if !strings.Contains(out.String(), want+end) {
				t.Errorf("%s: %q is not in %s", format, want, out.String())
			}
		}
	}
	var out bytes.Buffer
	NewLogger(&out, LogOptions{Level: "info", Format: FormatJSON}).Info("another line", "tool", "x")
	if strings.Contains(out.String(), `"line"`) {
		t.Errorf("another line is spelled out: %s", out.String())
	}
}

// made is a value that is only known when it is logged.
type made string

func (m made) LogValue() slog.Value { return slog.AnyValue(errors.New(string(m))) }

func TestMessagesAndAttributesOfLoggersHideCredentialsToo(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, LogOptions{Format: FormatText, Secrets: NewSecrets(known)})
	log.With("a", known, "b", "Bearer another-one").WithGroup("g").InfoContext(WithSecrets(t.Context(), own), "sent "+known+" and "+own+" and token=another-one", "c", known)
	if line := out.String(); strings.Contains(line, "7f3a") || strings.Contains(line, "9c1e") || strings.Contains(line, "another-one") || strings.Count(line, Hidden) != 6 {
		t.Error(line)
	}
}

func TestAPasswordCannotTakeANameOutOfTheLog(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, LogOptions{Format: FormatText})
	log.InfoContext(WithSecrets(t.Context(), "ann"), "tool_call", "user", "joanna", "branch", "mcp/joanna-1")
	if line := out.String(); !strings.Contains(line, "user=joanna ") || !strings.Contains(line, "branch=mcp/jo"+Hidden+"a-1") {
		t.Error(line)
	}
}

func TestSecretsOfARequestAddUpAndStayInIt(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, LogOptions{Format: FormatText})
	outer := WithSecrets(t.Context(), "first-one")
	inner := WithSecrets(outer, "second-one")
	log.InfoContext(inner, "m", "a", "first-one second-one")
	log.InfoContext(outer, "m", "a", "second-one")
	want := fmt.Sprintf(`a="%s %s"`, Hidden, Hidden)
	if lines := strings.Split(out.String(), "\n"); !strings.Contains(lines[0], want) || !strings.Contains(lines[1], "a=second-one") {
		t.Errorf("%s", out.String())
	}
	if text := fmt.Sprintf("%v %+v", inner, inner); strings.Contains(text, "second-one") {
		t.Errorf("the context prints as %s", text)
	}
}

func TestLinesCarryTheIDOfTheirRequest(t *testing.T) {
	const id = "0b8e4c6e-6f0a-4f5c-9a57-5a1d6c2f3b11"
	var out bytes.Buffer
	log := NewLogger(&out, LogOptions{Format: FormatText})
	ctx := WithRequestID(t.Context(), id)
	log.InfoContext(ctx, "many", "a", 1, "b", 2, "c", 3, "d", 4, "e", 5, "f", 6)
	log.With("a", 1).InfoContext(ctx, "with")
	log.InfoContext(t.Context(), "outside")
	log.Info("without")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{"f=6 request_id=" + id, "a=1 request_id=" + id, "", ""} {
		if got := lines[i]; want != "" && !strings.HasSuffix(got, want) || want == "" && strings.Contains(got, "request_id") {
			t.Errorf("%s", got)
		}
	}
	if got := RequestID(ctx); got != id {
		t.Errorf("the context says %q", got)
	}
	if got := RequestID(t.Context()); got != "" {
		t.Errorf("outside of a request there is %q", got)
	}
}

func TestFormats(t *testing.T) {
	write := func(log *slog.Logger) {
		log.Info("tool_call", "tool", "get_nodes", "user", "ann lee", "duration", 1500*time.Millisecond, "n", 3, "address", netip.MustParseAddr("192.0.2.1"), "error", errors.New("oh"))
	}
	t.Run("text", func(t *testing.T) {
		var out bytes.Buffer
		write(NewLogger(&out, LogOptions{Format: FormatText}))
		_, line, _ := strings.Cut(out.String(), " ") // the time
		if want := "level=INFO msg=tool_call tool=get_nodes user=\"ann lee\" duration=1.5s n=3 address=192.0.2.1 error=oh\n"; line != want {
			t.Errorf("%s", cmp.Diff(want, line))
		}
	})
	for _, format := range []LogFormat{FormatJSON, FormatAuto, ""} {
		t.Run("JSON for "+string(format), func(t *testing.T) {
			var out bytes.Buffer
			write(NewLogger(&out, LogOptions{Format: format}))
			var got map[string]any
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(got["time"])); err != nil {
				t.Error(err)
			}
			delete(got, "time")
			want := map[string]any{"level": "INFO", "msg": "tool_call", "line": "tool_call tool=get_nodes user=ann lee", "tool": "get_nodes", "user": "ann lee", "duration": 1.5, "n": 3.0, "address": "192.0.2.1", "error": "oh"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A file and a pipe are no terminals; every system has a device of characters to
// stand for one.
func TestTheFormatFollowsTheOutput(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	closed, err := os.Create(t.TempDir() + "/closed")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, test := range map[string]struct {
		w        io.Writer
		terminal bool
	}{
		"a file": {file, false}, "a pipe": {pipe, false}, "a buffer": {&bytes.Buffer{}, false}, "a device": {device, true}, "a closed file": {closed, false},
	} {
		if got := IsTerminal(test.w); got != test.terminal {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLogLevels(t *testing.T) {
	for level, want := range map[string]int{"debug": 4, "info": 3, "warning": 2, "error": 1} {
		var out bytes.Buffer
		log := NewLogger(&out, LogOptions{Level: level})
		log.Debug("d")
		log.Info("i")
		log.Warn("w")
		log.Error("e")
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("%s: %d lines, want %d", level, got, want)
		}
	}
}

func TestALineIsBounded(t *testing.T) {
	var out bytes.Buffer
	NewLogger(&out, LogOptions{}).Info("m", "a", strings.Repeat("x", 1<<20), "b", errors.New(strings.Repeat("y", 1<<20)))
	if out.Len() > 3*maxText || strings.Count(out.String(), "bytes more") != 2 {
		t.Errorf("the line has %d bytes", out.Len())
	}
}

// BenchmarkAuditLine tells what the layer costs for the line that every call
// writes: beside slog alone, as it stands in the log of a request with a
// passthrough credential.
func BenchmarkAuditLine(b *testing.B) {
	line := func(b *testing.B, log *slog.Logger, ctx context.Context) {
		b.ReportAllocs()
		for b.Loop() {
			log.LogAttrs(ctx, slog.LevelInfo, "tool_call",
				slog.String("tool", "get_nodes"), slog.String("user", "ann"), slog.String("branch", "mcp/session-20260101-0123abcd"),
				slog.String("outcome", "ok"), slog.Duration("duration", time.Millisecond))
		}
	}
	ctx := WithSecrets(WithRequestID(b.Context(), "0b8e4c6e-6f0a-4f5c-9a57-5a1d6c2f3b11"), "06438eb2-8019-4776-878c-0941b1f1d1ec", base64.StdEncoding.EncodeToString([]byte("ann:s3cr3t")))
	b.Run("slog alone", func(b *testing.B) { line(b, slog.New(slog.NewJSONHandler(io.Discard, nil)), ctx) }) //nolint:sloglint // one that discards would measure nothing
	b.Run("with redaction", func(b *testing.B) {
		line(b, NewLogger(io.Discard, LogOptions{Level: "info", Secrets: NewSecrets("06438eb2-8019-4776-878c-0941b1f1d1ed")}), ctx)
	})
	b.Run("below the level", func(b *testing.B) {
		log := NewLogger(io.Discard, LogOptions{Level: "info"})
		b.ReportAllocs()
		for b.Loop() {
			log.LogAttrs(ctx, slog.LevelDebug, "infrahub_request", slog.String("method", "POST"))
		}
	})
}
