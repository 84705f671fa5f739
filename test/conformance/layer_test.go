package conformance_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/prompt"
	"infrahub-mcp/internal/protocol"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/server/front"
	"infrahub-mcp/internal/tool"
	"infrahub-mcp/internal/watch"
)

func TestTheProtocolLayerConforms(t *testing.T) {
	judge(t, target{name: "layer", url: layer(t), except: []rule{
		{pattern: "tasks-*", reason: noTasks},
	}})
}

// layer serves the protocol layer as the program does, with the tools of the
// suite in place of the catalogue, and returns its URL. There is no Infrahub.
func layer(t *testing.T) string {
	t.Helper()
	reconnection := broken{"test_reconnection"}
	nobody := func(context.Context) string { return "" }
	logger := slog.New(slog.DiscardHandler)
	changing := &rights{name: "test_trigger_tool_change"}
	upstream, err := infrahub.New(infrahub.Settings{Address: "http://127.0.0.1:1", Logger: logger}) // asked nothing
	if err != nil {
		t.Fatal(err)
	}
	s := protocol.New(protocol.Options{
		Name: "conformance", Title: "Conformance", Version: "1",
		Tools: slices.Concat(fixtures(), []tool.Tool{reconnection.tool()}, changing.tools()), Prompts: prompt.Catalogue(), Extend: extend,
		Resources: []resource.Resource{watched()}, Watcher: watch.New(), MayWrite: changing.mayWrite, Client: changing.client,
		NewCall: func(_ context.Context, origin protocol.Origin) (*call.Call, error) {
			return &call.Call{Client: upstream.Client(infrahub.Credential{Token: "none"}), Logger: logger, Report: origin.Report, Log: origin.Log, Ask: origin.Ask, Modern: origin.Modern, Settings: call.Settings{MaxBytes: 100_000}}, nil
		},
		Principal: nobody,
		Logger:    logger,
	})
	transport := protocol.NewHTTP(s, protocol.NewSessions(time.Hour, nobody), protocol.HTTPOptions{})
	hosts, err := front.NewHosts(nil, "127.0.0.1", "")
	if err != nil {
		t.Fatal(err)
	}
	origins, err := front.NewOrigins(nil, "", hosts)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(front.Chain(transport, hosts.Guard, origins.Guard, reconnection.streams, changing.change))
	t.Cleanup(server.Close)
	t.Cleanup(transport.Close) // first: streams would keep the server open
	return server.URL
}
