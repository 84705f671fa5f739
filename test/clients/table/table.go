// Package table knows which MCP clients the tests of test/clients use, in which
// version, and what each of them cannot do; and it writes that as the table of
// docs/clients.md. The tests hold every client to it: whatever is not named as
// lacking has to work.
package table

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Client is a client that others wrote.
type Client struct {
	ID         string // name of its tests
	Name       string // in the table
	Module     string // what it is called in the file that says its version
	File       string // that file, in test/clients
	Transports []string
	Eras       []string
	Lacks      []Lack
}

// Transports of the program.
const (
	Stdio = "stdio"
	HTTP  = "HTTP"
)

// The newest version of the protocol with a handshake, and the first without.
const (
	Legacy = "2025-11-25"
	Modern = "2026-07-28"
)

// Lack is something that a client cannot do.
type Lack struct {
	Action    string
	Transport string // empty: over any
	Era       string // empty: in any
	Reason    string
}

// LastProgress is, beside the actions, the notification of progress that comes
// right before the answer.
const LastProgress = "the last progress"

// Actions are what a client is asked to do, in this order.
func Actions() []string {
	return []string{"connect", "list", "call", "read", "prompt", "complete", "progress", "cancel", "error"}
}

// Clients are all clients, in the order of the table.
func Clients() []Client {
	transports, eras := []string{Stdio, HTTP}, []string{Legacy, Modern}
	late := Lack{Action: LastProgress, Transport: Stdio, Reason: "lost where it arrives together with the answer"}
	return []Client{
		{
			ID: "inspector", Name: "MCP Inspector, its command line", Module: "@modelcontextprotocol/inspector", File: "package.json",
			Transports: transports, Eras: eras,
			Lacks: []Lack{
				{Action: "complete", Reason: "there is no such command"},
				{Action: "progress", Reason: "it is not shown"},
				{Action: "cancel", Reason: "a command runs to its end"},
			},
		},
		{ID: "typescript-1", Name: "TypeScript SDK 1", Module: "@modelcontextprotocol/sdk", File: "package.json", Transports: transports, Eras: []string{Legacy}, Lacks: []Lack{late}},
		{ID: "typescript-2", Name: "TypeScript SDK 2", Module: "@modelcontextprotocol/client", File: "package.json", Transports: transports, Eras: eras, Lacks: []Lack{late}},
		{ID: "python-1", Name: "Python SDK 1", Module: "mcp", File: "requirements-1.txt", Transports: transports, Eras: []string{Legacy}},
		{ID: "python-2", Name: "Python SDK 2", Module: "mcp", File: "requirements-2.txt", Transports: transports, Eras: eras},
		{
			ID: "mcp-remote", Name: "mcp-remote, between a client that knows stdio alone and HTTP", Module: "mcp-remote", File: "package.json",
			Transports: []string{HTTP}, Eras: eras,
			Lacks: []Lack{
				{Action: late.Action, Reason: late.Reason},
				// Without a session the ids of requests are those of any client.
				{Action: "cancel", Era: Modern, Reason: "it sends the notification of the older version, where it has to end the request"},
			},
		},
		{
			ID: "mcp-go", Name: "mcp-go", Module: "github.com/mark3labs/mcp-go", File: "../../go.mod", Transports: transports, Eras: eras,
			// Nobody can tell that from a client that comes back for the answer.
			Lacks: []Lack{{Action: "cancel", Transport: HTTP, Era: Legacy, Reason: "it drops the connection, with which only a call of less than a second ends"}},
		},
		{ID: "go-sdk", Name: "Go SDK", Module: "github.com/modelcontextprotocol/go-sdk", File: "gosdk/go.mod", Transports: transports, Eras: eras},
	}
}

// Lacking says why a client cannot do something; empty: it can.
func (c Client) Lacking(action, transport, era string) (reason string) {
	for _, lack := range c.Lacks {
		if lack.Action == action && (lack.Transport == "" || lack.Transport == transport) && (lack.Era == "" || lack.Era == era) {
			return lack.Reason
		}
	}
	return ""
}

// Version is the version of a client that is pinned below test/clients, the
// folder given.
func (c Client) Version(folder string) (string, error) {
	text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(c.File)))
	if err != nil {
		return "", fmt.Errorf("the version of %s: %w", c.Name, err)
	}
	// "name": "1.2.3" in package.json, name==1.2.3 for pip, name v1.2.3 in go.mod
	found := regexp.MustCompile(`(?m)(?:^|[\s"])` + regexp.QuoteMeta(c.Module) + `(?:": "|==| v)(\d[^"\s]*)`).FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("%s does not say which version of %s", c.File, c.Module)
	}
	return string(found[1]), nil
}

// The table stands between these lines of the page.
const begin, end = "<!-- clients -->\n", "<!-- end -->\n"

// Write puts the table into the text of a page. The folder is test/clients.
func Write(page, folder string) (string, error) {
	before, rest, opened := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		return "", fmt.Errorf("the page has no lines %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	var table strings.Builder
	table.WriteString("| Client | Version | Over stdio | Over HTTP | Cannot |\n|---|---|---|---|---|\n")
	for _, c := range Clients() {
		version, err := c.Version(folder)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", c.Name, version, c.eras(Stdio), c.eras(HTTP), c.cannot())
	}
	return before + begin + table.String() + end + after, nil
}

// eras are the cell of one transport.
func (c Client) eras(transport string) string {
	if !slices.Contains(c.Transports, transport) {
		return "–"
	}
	return strings.Join(c.Eras, ", ")
}

// cannot is the last cell of a row.
func (c Client) cannot() string {
	var all []string
	for _, lack := range c.Lacks {
		where := lack.Action
		if lack.Transport != "" {
			where += " over " + lack.Transport
		}
		if lack.Era != "" {
			where += " in " + lack.Era
		}
		all = append(all, where+": "+lack.Reason)
	}
	if all == nil {
		return "–"
	}
	return strings.Join(all, "; ")
}
