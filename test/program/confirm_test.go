package program_test

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"os/exec"
	"strings"
	"testing"
)

// talker speaks with the program over stdio in bare messages, for what clients
// answer to the questions of a server.
type talker struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Reader
}

// talk starts the program on a sandbox of its own.
func talk(t *testing.T, environment ...string) *talker {
	t.Helper()
	command := exec.CommandContext(t.Context(), shared.race, "--sandbox")
	command.Env = append(command.Environ(), environment...)
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait() // its exit status is another test's
	})
	return &talker{t, in, bufio.NewReader(out)}
}

func (k *talker) send(message object) {
	k.t.Helper()
	message["jsonrpc"] = "2.0"
	raw, err := json.Marshal(message)
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := k.in.Write(append(raw, '\n')); err != nil {
		k.t.Fatal(err)
	}
}

func (k *talker) receive(into any) string {
	k.t.Helper()
	line, err := k.out.ReadString('\n')
	if err != nil {
		k.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(line), into); err != nil {
		k.t.Fatal(err)
	}
	return line
}

const (
	confirmed = `{"action":"accept","content":{"confirm":true}}`
	declined  = `{"action":"decline"}`
)

var deletion = object{"name": "node_delete", "arguments": object{"kind": "DcimDevice", "hfid": []string{"ams1-leaf037"}}}

func TestTheUserIsAskedBeforeANodeIsDeleted(t *testing.T) {
	parallel(t)
	for answer, want := range map[string]string{confirmed: "deleted_id", declined: "Nothing was deleted", `{"action":"cancel"}`: "Nothing was deleted"} {
		k := talk(t)
		k.send(object{"id": 1, "method": "initialize", "params": object{"protocolVersion": "2025-11-25", "capabilities": object{"elicitation": object{}}, "clientInfo": object{"name": "test", "version": "1"}}})
		k.receive(&object{})
		k.send(object{"method": "notifications/initialized"})
		k.send(object{"id": 2, "method": "tools/call", "params": deletion})
		var question struct {
			ID     string
			Method string
			Params struct{ Message string }
		}
		k.receive(&question)
		if question.Method != "elicitation/create" || !strings.Contains(question.Params.Message, `"ams1-leaf037"`) || !strings.Contains(question.Params.Message, "5 interfaces") {
			t.Errorf("asked %+v", question)
		}
		k.send(object{"id": question.ID, "result": json.RawMessage(answer)})
		if line := k.receive(&object{}); !strings.Contains(line, want) {
			t.Errorf("%s: %s", answer, line)
		}
	}
}

func TestTheUserIsAskedInTheStatelessEra(t *testing.T) {
	parallel(t)
	meta := object{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientInfo":         object{"name": "test", "version": "1"},
		"io.modelcontextprotocol/clientCapabilities": object{"elicitation": object{}},
	}
	ask := func(k *talker, id int, kind, hfid string, more object) (line, state string) {
		params := object{"name": "node_delete", "arguments": object{"kind": kind, "hfid": []string{hfid}}, "_meta": meta}
		maps.Copy(params, more)
		k.send(object{"id": id, "method": "tools/call", "params": params})
		var answer struct {
			Result struct {
				State string `json:"requestState"`
			}
		}
		line = k.receive(&answer)
		return line, answer.Result.State
	}
	k := talk(t)
	line, state := ask(k, 1, "DcimDevice", "ams1-leaf037", nil)
	if state == "" || !strings.Contains(line, "inputRequests") {
		t.Fatalf("not asked: %s", line)
	}
	yes := object{"requestState": state, "inputResponses": object{"confirm": json.RawMessage(confirmed)}}
	if line, _ := ask(k, 2, "DcimDevice", "par1-leaf036", yes); strings.Contains(line, "deleted_id") {
		t.Errorf("an answer counts for another node: %s", line)
	}
	if line, _ := ask(k, 3, "DcimDevice", "ams1-leaf037", yes); !strings.Contains(line, "deleted_id") {
		t.Errorf("the answer does not count: %s", line)
	}
}

func TestDeletesThatNobodyCanConfirm(t *testing.T) {
	parallel(t)
	for setting, want := range map[string]string{"auto": "deleted_id", "never": "deleted_id", "always": "this client cannot ask"} {
		k := talk(t, "INFRAHUB_MCP_CONFIRM_DELETES="+setting)
		k.send(object{"id": 1, "method": "initialize", "params": object{"protocolVersion": "2025-11-25", "capabilities": object{}, "clientInfo": object{"name": "test", "version": "1"}}})
		k.receive(&object{})
		k.send(object{"id": 2, "method": "tools/call", "params": deletion})
		if line := k.receive(&object{}); !strings.Contains(line, want) {
			t.Errorf("%s: %s", setting, line)
		}
	}
}
