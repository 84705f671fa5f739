package protocol

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// introduction is what a server says of itself to a client of a version.
func introduction(t *testing.T, url, version string) map[string]any {
	t.Helper()
	if version == "2026-07-28" {
		m := events(t, send(t, http.MethodPost, url, `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{`+modernMeta+`}}`, modern("server/discover", "")))[0]
		return dig(t, m, "result", "_meta", "io.modelcontextprotocol/serverInfo")
	}
	m := events(t, send(t, http.MethodPost, url, strings.Replace(initializeWith("{}"), "2025-11-25", version, 1), legacy("", "")))[0]
	if dig(t, m, "result")["protocolVersion"] != version {
		t.Errorf("%s was asked for, the answer is %v", version, m)
	}
	return dig(t, m, "result", "serverInfo")
}

// dig takes an object out of objects.
func dig(t *testing.T, m map[string]any, names ...string) map[string]any {
	t.Helper()
	for _, name := range names {
		inner, ok := m[name].(map[string]any)
		if !ok {
			t.Fatalf("there is no object %s in %v", name, m)
		}
		m = inner
	}
	return m
}

func TestAServerIntroducesItselfInTheWordsOfTheVersion(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	icons := []any{map[string]any{"src": "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(icon), "mimeType": "image/svg+xml", "sizes": []any{"any"}}}
	named := map[string]any{"name": "test", "version": "1"}
	titled := map[string]any{"name": "test", "version": "1", "title": "Test"}
	full := map[string]any{"name": "test", "version": "1", "title": "Test", "icons": icons}
	for version, want := range map[string]map[string]any{
		"2024-11-05": named, "2025-03-26": named, "2025-06-18": titled, "2025-11-25": full, "2026-07-28": full,
	} {
		if diff := cmp.Diff(want, introduction(t, server.URL, version)); diff != "" {
			t.Errorf("%s: %s", version, diff)
		}
	}
}

func TestTheIconIsToldOnce(t *testing.T) {
	server, _, _ := testHTTP(t, HTTPOptions{})
	answer := text(t, send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{`+modernMeta+`}}`, modern("tools/list", "")))
	if !strings.Contains(answer, `"name":"test"`) || strings.Contains(answer, "icons") {
		t.Error(answer)
	}
}

func TestTheIconIsASmallPicture(t *testing.T) {
	if len(icon) > 500 {
		t.Errorf("it has %d bytes", len(icon))
	}
	for decoder := xml.NewDecoder(strings.NewReader(string(icon))); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		// Nothing in it runs or is loaded (MCP, Icons, Security Considerations).
		if element, ok := token.(xml.StartElement); ok && !slices.Contains([]string{"svg", "path", "circle"}, element.Name.Local) {
			t.Errorf("it has an element %s", element.Name.Local)
		}
	}
}
