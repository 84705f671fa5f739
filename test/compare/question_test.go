package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnAnswerMustBeASuccessThatHoldsWhatWasAskedFor(t *testing.T) {
	q := question{name: "q", holds: regexp.MustCompile(`dev\d`), least: 2}
	for _, c := range []struct{ name, message, fault string }{
		{"a result with all things", `{"id":7,"result":{"content":[{"text":"dev1 dev2"}]}}`, ""},
		{"a result with the same thing twice", `{"id":7,"result":{"content":[{"text":"dev1 dev1"}]}}`, "holds 1 of 2"},
		{"the result of a tool that failed", `{"id":7,"result":{"isError":true,"content":[{"text":"dev1 dev2"}]}}`, "is an error"},
		{"an error of the protocol", `{"id":7,"error":{"code":-32602,"message":"dev1 dev2"}}`, "-32602"},
		{"a notification", `{"method":"dev1","params":"dev2"}`, "no result"},
		{"the answer to another request", `{"id":8,"result":{"content":[{"text":"dev1 dev2"}]}}`, "has the id 8"},
		{"no JSON", `dev1 dev2`, "reading the answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := q.check(7, []byte(c.message))
			switch {
			case c.fault == "" && err != nil:
				t.Error(err)
			case c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)):
				t.Errorf("got %v, want an error with %q", err, c.fault)
			}
		})
	}
}

func TestRequestsAreJSON(t *testing.T) {
	for _, q := range questions() {
		var got struct {
			Version string          `json:"jsonrpc"`
			ID      int             `json:"id"`
			Method  string          `json:"method"`
			Params  json.RawMessage `json:"params"`
		}
		if err := json.Unmarshal(q.body(firstID), &got); err != nil {
			t.Fatalf("%s: %v", q.name, err)
		}
		if got.Version != "2.0" || got.ID != firstID || got.Method != q.method || string(got.Params) != q.params {
			t.Errorf("%s: %+v", q.name, got)
		}
	}
}

func TestAModelReadsPartOfAnAnswer(t *testing.T) {
	for _, c := range []struct {
		name, message string
		want          size
	}{
		{"of a call its text", `{"result":{"content":[{"text":"12345678"}],"structuredContent":{"not":"read"}}}`, size{79, 2}},
		{
			"of tools/list all but titles, annotations and output schemas",
			`{"result":{"tools":[{"name":"a","title":"b","description":"c","inputSchema":{"type": "object"},"outputSchema":{}}]}}`,
			size{116, tokens(len(`{"name":"a","description":"c","inputSchema":{"type":"object"}}`))},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := sizeOf([]byte(c.message))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
