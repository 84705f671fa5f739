package protocol

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/resource"
)

// listPage asks for one page of a list and returns the names on it.
func listPage(t *testing.T, url, method, user string, isModern bool, cursor string) (names []string, next string) {
	t.Helper()
	params, headers := map[string]any{}, legacy("", user)
	if isModern {
		headers = modern(method, "")
		headers["X-User"] = user
		if err := json.Unmarshal([]byte("{"+modernMeta+"}"), &params); err != nil {
			t.Fatal(err)
		}
	}
	if cursor != "" {
		params["cursor"] = cursor
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	answer := events(t, send(t, http.MethodPost, url, string(body), headers))[0]
	result, ok := answer["result"].(map[string]any)
	if !ok {
		t.Fatalf("%s: %v", method, answer)
	}
	next, _ = result["nextCursor"].(string)
	for key, value := range result {
		if entries, ok := value.([]any); ok && key != "icons" {
			for _, entry := range entries {
				name, _ := entry.(map[string]any)["name"].(string)
				names = append(names, name)
			}
		}
	}
	return names, next
}

// walk follows the cursors of a list, each page at another one of two replicas.
func walk(t *testing.T, urls [2]string, method, user string, isModern bool) (pages [][]string) {
	t.Helper()
	for cursor := ""; ; {
		names, next := listPage(t, urls[len(pages)%2], method, user, isModern, cursor)
		pages = append(pages, names)
		if cursor = next; cursor == "" || len(pages) > 10 {
			return pages
		}
	}
}

func TestListsComeInPages(t *testing.T) {
	small := func(o *Options) { o.pageSize = 2 }
	first, _, _ := testHTTP(t, HTTPOptions{}, small)
	second, _, _ := testHTTP(t, HTTPOptions{}, small)
	whole, _, _ := testHTTP(t, HTTPOptions{})
	for _, method := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
		for _, isModern := range []bool{false, true} {
			got := walk(t, [2]string{first.URL, second.URL}, method, "", isModern)
			all := walk(t, [2]string{whole.URL, whole.URL}, method, "", isModern)
			if len(all) != 1 {
				t.Errorf("%s has %d pages where one is meant to hold all", method, len(all))
			}
			if want := (len(all[0]) + 1) / 2; len(got) != want { // none is empty, also where the last one is full
				t.Errorf("%s has %d pages, not %d: %q", method, len(got), want, got)
			}
			if diff := cmp.Diff(all[0], slices.Concat(got...)); diff != "" {
				t.Errorf("%s: %s", method, diff)
			}
		}
	}
}

func TestACursorHoldsForACallerWhoIsOfferedLess(t *testing.T) {
	small := func(o *Options) { granting(o); o.pageSize = 1 }
	server, _, _ := testHTTP(t, HTTPOptions{}, small)
	names, next := listPage(t, server.URL, "tools/list", "ann;write;1", false, "")
	if !slices.Equal(names, []string{"change"}) || next == "" {
		t.Fatalf("%q, then %q", names, next)
	}
	if names, next := listPage(t, server.URL, "tools/list", "ann;read;2", false, next); !slices.Equal(names, []string{"look"}) || next != "" {
		t.Errorf("%q, then %q", names, next)
	}
}

func TestACursorThatIsNoneIsRefused(t *testing.T) {
	small := func(o *Options) { o.pageSize = 1; o.Resources = resource.Catalogue() }
	server, _, _ := testHTTP(t, HTTPOptions{}, small)
	_, ofPrompts := listPage(t, server.URL, "prompts/list", "", false, "")
	for _, method := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
		for _, cursor := range []string{"not-a-cursor", "AAAA", "bm90aGluZw==", ofPrompts} {
			body := `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{"cursor":"` + cursor + `"}}`
			answer := events(t, send(t, http.MethodPost, server.URL, body, legacy("", "")))[0]
			fault, _ := answer["error"].(map[string]any)
			if own := method == "prompts/list" && cursor == ofPrompts; own != (fault == nil) {
				t.Errorf("%s from %q: %v", method, cursor, answer)
			}
			if fault != nil && (stringOf(fault["code"]) != "-32602" || fault["message"] != "the cursor is none of this list; send the nextCursor of its last page, or none to begin again") {
				t.Errorf("%s from %q: %v", method, cursor, fault)
			}
		}
	}
}
