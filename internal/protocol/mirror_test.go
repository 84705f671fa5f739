package protocol

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/tool"
)

// mirroring adds a tool "site" whose arguments are repeated in headers.
func mirroring(o *Options) {
	entry := tool.Define(tool.Tool{Name: "site", Description: "Repeats."}, func(context.Context, *call.Call, struct {
		Region string `json:"region,omitempty"`
		Unit   int    `json:"unit,omitempty"`
	}) (*gateOutput, error) {
		return &gateOutput{"taken"}, nil
	})
	entry.Input = json.RawMessage(`{"type": "object", "properties": {
		"region": {"type": "string", "x-mcp-header": "Region"},
		"unit": {"type": "integer", "x-mcp-header": "Unit"}
	}}`)
	o.Tools = append(o.Tools, entry)
}

func TestHeadersMustRepeatTheArgumentsThatAToolMarks(t *testing.T) {
	s, _ := testServer(t, mirroring)
	h := NewHTTP(s, NewSessions(0, principal), HTTPOptions{})
	t.Cleanup(h.Close)
	for _, test := range []struct {
		name, arguments string
		headers         http.Header
		ok              bool
	}{
		{"the same", `{"region":"eu"}`, http.Header{"Mcp-Param-Region": {"eu"}}, true},
		{"the same, in Base64", `{"region":"Köln"}`, http.Header{"Mcp-Param-Region": {"=?base64?S8O2bG4=?="}}, true},
		{"the same number, written otherwise", `{"unit":42}`, http.Header{"Mcp-Param-Unit": {"42.0"}}, true},
		{"nothing of nothing", `{}`, nil, true},
		{"nothing of null", `{"region":null}`, nil, true},
		{"another value", `{"region":"eu"}`, http.Header{"Mcp-Param-Region": {"us"}}, false},
		{"another number", `{"unit":42}`, http.Header{"Mcp-Param-Unit": {"43"}}, false},
		{"no header", `{"region":"eu"}`, nil, false},
		{"no argument", `{}`, http.Header{"Mcp-Param-Region": {"eu"}}, false},
		{"broken Base64", `{"region":"eu"}`, http.Header{"Mcp-Param-Region": {"=?base64?*?="}}, false},
		{"the same and another value", `{"region":"eu"}`, http.Header{"Mcp-Param-Region": {"eu", "us"}}, false},
		{"another name beside the right one", `{}`, http.Header{"Mcp-Name": {"site", "steps"}}, false},
		{"another method beside the right one", `{}`, http.Header{"Mcp-Method": {"tools/call", "tools/list"}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(
				`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"site","arguments":`+test.arguments+`,`+modernMeta+`}}`))
			request.Header.Set("Content-Type", "application/json")
			for name, value := range modern("tools/call", "site") {
				request.Header.Set(name, value)
			}
			maps.Copy(request.Header, test.headers)
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, request)
			answer := events(t, recorder.Result())[0]
			if test.ok && outcome(answer) != "taken" || !test.ok && (outcome(answer) != "-32020" || recorder.Code != http.StatusBadRequest) {
				t.Errorf("status %d, %v", recorder.Code, answer)
			}
		})
	}
	t.Run("of the older era are not looked at", func(t *testing.T) {
		server, _, _ := testHTTP(t, HTTPOptions{}, mirroring)
		answer := events(t, send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"site","arguments":{"region":"eu"}}}`, legacy("", "ann")))[0]
		if outcome(answer) != "taken" {
			t.Errorf("%v", answer)
		}
	})
	if names := slices.Collect(maps.Keys(s.mirrors)); len(names) != 1 || names[0] != "site" {
		t.Errorf("headers are compared for %v", names)
	}
}
