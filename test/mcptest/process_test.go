package mcptest

import (
	"io"
	"strings"
	"testing"
)

// shell runs a script as a process.
func shell(t *testing.T, script string, unread bool) *Process {
	t.Helper()
	p, err := Start(Command{Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"GREETING=hello"}, Dir: t.TempDir(), Unread: unread})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestAProcessLeavesItsOutputItsLogAndItsStatus(t *testing.T) {
	p := shell(t, `read line; echo "$line"; echo "$GREETING$HOME" >&2; exit 3`, false)
	if _, err := io.WriteString(p.Stdin, "echo\n"); err != nil {
		t.Fatal(err)
	}
	if out, err := io.ReadAll(p.Stdout); err != nil || string(out) != "echo\n" {
		t.Errorf("read %q, %v", out, err)
	}
	if status, err := p.Wait(t.Context()); err != nil || status != 3 {
		t.Errorf("status %d, %v", status, err)
	}
	if p.Alive() || p.Output() != "echo\n" || p.Log() != "hello\n" {
		t.Errorf("alive %v, output %q, log %q", p.Alive(), p.Output(), p.Log())
	}
}

func TestTheAddressIsReadFromTheLog(t *testing.T) {
	for format, line := range map[string]string{
		"text": `level=INFO msg=listening address=http://127.0.0.1:7/mcp`,
		"JSON": `{"level":"INFO","msg":"listening","address":"http://127.0.0.1:7/mcp"}`,
	} {
		p := shell(t, `echo "level=INFO msg=starting" >&2; echo '`+line+`' >&2; read line`, false)
		if address, err := p.Listening(t.Context()); err != nil || address != "http://127.0.0.1:7/mcp" {
			t.Errorf("%s: got %q, %v", format, address, err)
		}
	}
}

func TestAProgramThatEndsBeforeItListensIsAnError(t *testing.T) {
	p := shell(t, `echo "no port" >&2; exit 1`, false)
	if address, err := p.Listening(t.Context()); err == nil || !strings.Contains(err.Error(), "no port") {
		t.Errorf("got %q, %v", address, err)
	}
}

func TestAnUnreadLogCannotBeWrittenTo(t *testing.T) {
	p := shell(t, `trap '' PIPE; echo "hello" >&2 || exit 5`, true)
	if status, err := p.Wait(t.Context()); err != nil || status != 5 {
		t.Errorf("status %d, %v", status, err)
	}
}
