package server

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"infrahub-mcp/internal/config"
	"infrahub-mcp/internal/sandbox"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/tool"
)

// sandboxed is the configuration of a server for an Infrahub in memory.
func sandboxed(t *testing.T, more map[string]string) (*config.Config, *sandbox.Sandbox) {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{Devices: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box)
	t.Cleanup(server.Close)
	cfg := configuration(t, server.URL, more)
	cfg.Infrahub.APIToken = config.Secret(seed.Accounts()[0].Token)
	return cfg, box
}

const (
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`
	accept     = "application/json, text/event-stream"
)

// session begins one and returns its id.
func session(t *testing.T, address string) string {
	t.Helper()
	_, answer, header := do(t, "POST", address+"/mcp", initialize, "Accept", accept)
	id := header.Get("Mcp-Session-Id")
	if id == "" {
		t.Fatalf("there is no session: %s", answer)
	}
	do(t, "POST", address+"/mcp", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, "Accept", accept, "Mcp-Session-Id", id)
	return id
}

// structured calls a tool and decodes its structured result.
func structured(t *testing.T, address, session, name, arguments string) map[string]any {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, name, arguments)
	_, answer, _ := do(t, "POST", address+"/mcp", body, "Accept", accept, "Mcp-Session-Id", session)
	return content(t, answer)
}

// content is the structured content of a result, which is one event or alone.
func content(t *testing.T, answer string) map[string]any {
	t.Helper()
	for line := range strings.SplitSeq(answer, "\n") {
		var message struct {
			Result struct {
				StructuredContent map[string]any
			}
		}
		if json.Unmarshal([]byte(strings.TrimPrefix(line, "data: ")), &message) == nil && message.Result.StructuredContent != nil {
			return message.Result.StructuredContent
		}
	}
	t.Fatalf("no structured content: %s", answer)
	return nil
}

func TestEachSessionWritesOnItsOwnBranchAsTheSettingsSay(t *testing.T) {
	cfg, _ := sandboxed(t, map[string]string{"INFRAHUB_MCP_BRANCH_PATTERN": "ai/{user}/{hex}", "INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES": "true"})
	address, log, _ := serve(t, cfg)
	ann, bob := session(t, address), session(t, address)
	of := map[string]any{}
	for _, id := range []string{ann, bob, ann} {
		out := structured(t, address, id, "node_upsert", `{"kind":"BuiltinTag","data":{"name":"x"}}`)
		if have, ok := of[id]; ok && have != out["branch"] {
			t.Errorf("a session went from %v to %v", have, out["branch"])
		}
		of[id] = out["branch"]
		if name, _ := out["branch"].(string); !strings.HasPrefix(name, "ai/anonymous/") {
			t.Errorf("the branch is %q", name)
		}
	}
	if of[ann] == of[bob] {
		t.Errorf("both write on %v", of[ann])
	}
	if info := structured(t, address, bob, "get_session_info", `{}`); info["session_branch"] != of[bob] || info["protocol_era"] != "sessions" || info["access"] != "write" {
		t.Errorf("%v", info)
	}
	structured(t, address, ann, "node_upsert", `{"kind":"GlobalPolicy","data":{"name":"allowed"}}`)
	if !strings.Contains(log.String(), fmt.Sprintf("tool_call tool=node_upsert user=anonymous branch=%v", of[ann])) {
		t.Errorf("the log: %s", log)
	}
}

func TestAReadOnlyServerOffersAndRunsNothingThatWrites(t *testing.T) {
	cfg, box := sandboxed(t, map[string]string{"INFRAHUB_MCP_READ_ONLY": "true"})
	address, _, _ := serve(t, cfg)
	before := len(box.Base().Store.Branches())
	_, listed, _ := do(t, "POST", address+"/mcp", list)
	for _, entry := range tool.Catalogue() {
		if strings.Contains(listed, `"name":"`+entry.Name+`"`) != (entry.Access == tool.Read) {
			t.Errorf("%s is listed: %v", entry.Name, entry.Access != tool.Read)
		}
		if entry.Access == tool.Read {
			continue
		}
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":{"kind":"BuiltinTag","hfid":["red"],"data":{"name":"red"},"title":"x","query":"mutation { BuiltinTagDelete(data: {hfid: [\"red\"]}) { ok } }"}}}`, entry.Name)
		if _, answer, _ := do(t, "POST", address+"/mcp", body); !strings.Contains(answer, `"code":-32601`) {
			t.Errorf("%s: %s", entry.Name, answer)
		}
	}
	if after := len(box.Base().Store.Branches()); after != before {
		t.Errorf("%d branches were made", after-before)
	}
}
