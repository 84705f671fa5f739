package server

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"infrahub-mcp/internal/config"
)

// twins are two replicas of the program on one sandbox and one store.
func twins(t *testing.T, store *miniredis.Miniredis, more map[string]string) (addresses [2]string, logs [2]*lockedBuffer) {
	t.Helper()
	settings := map[string]string{"INFRAHUB_MCP_SIGNING_KEY": signingKey, "INFRAHUB_MCP_STATE_URL": "redis://:" + marked + "@" + store.Addr()}
	maps.Copy(settings, more)
	store.RequireAuth(marked)
	cfg, _ := sandboxed(t, settings)
	for i := range addresses {
		addresses[i], logs[i], _ = serve(t, cfg)
	}
	return addresses, logs
}

// said is all that the answer to a call of a tool says.
func said(t *testing.T, address, session, name, arguments string) string {
	t.Helper()
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, name, arguments)
	status, answer, _ := do(t, http.MethodPost, address+"/mcp", body, "Accept", accept, "Mcp-Session-Id", session)
	if status != http.StatusOK {
		t.Errorf("%s: %d %s", name, status, answer)
	}
	return answer
}

func tagNamed(name string) string {
	return fmt.Sprintf(`{"kind":"BuiltinTag","data":{"name":%q}}`, name)
}

func TestReplicasAreOneServer(t *testing.T) {
	at, _ := twins(t, miniredis.RunT(t), map[string]string{"INFRAHUB_MCP_RATE_LIMIT_RPS": "0.001", "INFRAHUB_MCP_RATE_LIMIT_BURST": "9"})
	of := session(t, at[0]) // two requests
	first, _ := structured(t, at[0], of, "node_upsert", tagNamed("one"))["branch"].(string)
	if second := structured(t, at[1], of, "node_upsert", tagNamed("two"))["branch"]; first == "" || second != first {
		t.Errorf("one session writes to %q and %q", first, second)
	}
	if total := structured(t, at[1], of, "get_nodes", `{"kind":"BuiltinTag"}`)["total_count"]; fmt.Sprint(total) != "5" {
		t.Errorf("%v tags are there, and not three and both", total)
	}
	for i := range 4 { // of the nine
		if status, answer, _ := do(t, http.MethodPost, at[i%2]+"/mcp", list, "Accept", accept, "Mcp-Session-Id", of); status != http.StatusOK {
			t.Errorf("request %d: %d %s", i, status, answer)
		}
	}
	for _, address := range at {
		if status, _, _ := do(t, http.MethodPost, address+"/mcp", list, "Accept", accept, "Mcp-Session-Id", of); status != http.StatusTooManyRequests {
			t.Errorf("beyond the limit of both together: %d", status)
		}
	}
}

func TestReplicasGoOnWithoutTheirStore(t *testing.T) {
	store := miniredis.RunT(t)
	at, logs := twins(t, store, nil)
	of := session(t, at[0])
	branch, _ := structured(t, at[0], of, "node_upsert", tagNamed("one"))["branch"].(string)

	store.SetError("LOADING Redis is loading the dataset in memory")
	const read, unknown = `{"kind":"BuiltinTag"}`, "cannot be looked up at the moment"
	for i, address := range at {
		if answer := said(t, address, of, "get_nodes", read); !strings.Contains(answer, unknown) || !strings.Contains(answer, `"total_count":3`) {
			t.Errorf("reading without a branch at replica %d: %s", i, answer)
		}
		named := fmt.Sprintf(`{"kind":"BuiltinTag","branch":%q}`, branch)
		if answer := said(t, address, of, "get_nodes", named); strings.Contains(answer, unknown) || !strings.Contains(answer, `"total_count":4`) {
			t.Errorf("reading with a branch at replica %d: %s", i, answer)
		}
		if answer := said(t, address, of, "node_upsert", tagNamed("adrift")); !strings.Contains(answer, unknown) || !strings.Contains(answer, "Pass branch") || strings.Contains(answer, branch) {
			t.Errorf("writing without a branch at replica %d: %s", i, answer)
		}
		for _, name := range []string{"get_session_info", "reset_session_branch", "propose_changes", "get_branch_diff"} {
			arguments := "{}"
			if name == "propose_changes" {
				arguments = `{"title":"x"}`
			}
			if answer := said(t, address, of, name, arguments); !strings.Contains(answer, "at the moment") {
				t.Errorf("%s at replica %d: %s", name, i, answer)
			}
		}
		if status, answer, _ := do(t, http.MethodGet, address+"/health", ""); status != http.StatusOK {
			t.Errorf("health of replica %d: %d %s", i, status, answer)
		}
	}

	store.SetError("")
	for i, address := range at {
		for !strings.Contains(logs[i].String(), "state store answers again") {
			time.Sleep(time.Millisecond)
		}
		if got := structured(t, address, of, "node_upsert", tagNamed("two"))["branch"]; got != branch {
			t.Errorf("afterwards replica %d writes to %v, not to %s", i, got, branch)
		}
		if strings.Contains(logs[i].String(), marked) {
			t.Errorf("the log holds a password:\n%s", logs[i])
		}
	}
}

func TestAReplicaStartsWithoutItsStoreAndFindsItLater(t *testing.T) {
	store := miniredis.RunT(t)
	store.SetError("LOADING")
	at, logs := twins(t, store, nil)
	of := session(t, at[0])
	if !strings.Contains(logs[1].String(), "state store does not answer") {
		t.Errorf("it does not say so:\n%s", logs[1])
	}
	store.SetError("")
	for i := range at {
		for !strings.Contains(logs[i].String(), "state store answers again") {
			time.Sleep(time.Millisecond)
		}
	}
	one, two := structured(t, at[0], of, "node_upsert", tagNamed("one"))["branch"], structured(t, at[1], of, "node_upsert", tagNamed("two"))["branch"]
	if one == nil || one != two {
		t.Errorf("%v and %v", one, two)
	}
}

// On stdio each process has a client of its own, whose session has the same name in
// all of them.
func TestNothingIsSharedOnStdio(t *testing.T) {
	cfg, _ := sandboxed(t, map[string]string{"INFRAHUB_MCP_STATE_URL": "redis://127.0.0.1:1"})
	if cfg.Server.Transport != config.TransportStdio {
		t.Fatal(cfg.Server.Transport)
	}
	keys, err := signingKeys(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if shared, err := newState(cfg, keys, nil, nil); shared != nil || err != nil {
		t.Errorf("%v, %v", shared, err)
	}
}
