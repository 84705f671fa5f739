package conformance_test

import (
	"context"
	"os"
	"testing"
	"time"

	"infrahub-mcp/test/mcptest"
)

// needsFixture are the scenarios that need what only a server made for the suite
// has, as TestTheProtocolLayerConforms makes one.
var needsFixture = []rule{
	{pattern: "tools-call-*", reason: "calls a tool of the suite"},
	{pattern: "elicitation-*", reason: "calls a tool of the suite"},
	{pattern: "json-schema-2020-12", reason: "looks for a tool of the suite"},
	{pattern: "http-custom-header-server-validation", reason: "needs a tool with an argument that is repeated in a header"},
	{pattern: "server-sse-polling", reason: "calls a tool of the suite"},
	{pattern: "resources-read-*", reason: "reads a resource of the suite"},
	{pattern: "resources-templates-read", reason: "reads a resource of the suite"},
	{pattern: "resources-*subscribe", reason: "subscribes to a resource of the suite"},
	{pattern: "prompts-get-*", reason: "gets a prompt of the suite"},
	{pattern: "completion-complete", reason: "completes an argument of a prompt of the suite"},
	{pattern: "tasks-*", reason: noTasks},
	{pattern: "input-required-result-[^u]*", reason: "calls a tool of the suite"}, // all but unsupported-methods
}

func TestTheProgramConforms(t *testing.T) {
	process, err := mcptest.Start(mcptest.Command{
		Path: shared.program, Args: []string{"--sandbox", "--transport", "streamable-http", "--port", "0"},
		Env: []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Kill)
	starting, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url, err := process.Listening(starting)
	if err != nil {
		t.Fatal(err)
	}
	judge(t, target{name: "program", url: url, except: needsFixture, withoutFixtures: true})
}
