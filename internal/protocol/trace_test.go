package protocol

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/telemetry"
)

func TestARequestIsPartOfTheTraceThatItNames(t *testing.T) {
	const (
		parent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
		other  = "00-11111111111111111111111111111111-2222222222222222-00"
	)
	for _, test := range []struct {
		name, meta string
		headers    http.Header // of the request over HTTP
		want       http.Header // of requests to Infrahub
	}{
		{"all of it", `"traceparent":"` + parent + `","tracestate":"a=b","baggage":"c=d"`, nil, http.Header{"Traceparent": {parent}, "Tracestate": {"a=b"}, "Baggage": {"c=d"}}},
		{"baggage alone", `"baggage":"c=d"`, nil, http.Header{"Baggage": {"c=d"}}},
		{"none", `"progressToken":1`, nil, http.Header{}},
		{"one that is malformed", `"traceparent":"00-1-2-3","tracestate":"a=b"`, nil, http.Header{}},
		{"one that is no text", `"traceparent":7,"tracestate":{},"baggage":"c=d"`, nil, http.Header{"Baggage": {"c=d"}}},
		{"one in headers", ``, http.Header{"Traceparent": {parent}, "Tracestate": {"a=b", "c=d"}, "Baggage": {"e=f"}}, http.Header{"Traceparent": {parent}, "Tracestate": {"a=b,c=d"}, "Baggage": {"e=f"}}},
		{"another in headers, which comes second", `"traceparent":"` + parent + `"`, http.Header{"Traceparent": {other}, "Tracestate": {"a=b"}, "Baggage": {"e=f"}}, http.Header{"Traceparent": {parent}, "Baggage": {"e=f"}}},
		{"one that is malformed, and one in headers", `"traceparent":"00-1-2-3","baggage":"k"`, http.Header{"Traceparent": {other}}, http.Header{"Traceparent": {other}}},
		{"two in headers", ``, http.Header{"Traceparent": {parent, other}}, http.Header{}},
	} {
		for what, request := range map[string][2]string{
			"a tool":       {"tools/call", `"name":"steps"`},
			"a resource":   {"resources/read", `"uri":"infrahub://schema"`},
			"a completion": {"completion/complete", `"ref":{"type":"ref/prompt","name":"infrahub_agent"},"argument":{"name":"kind","value":""}`},
		} {
			t.Run(test.name+", "+what, func(t *testing.T) {
				var got []http.Header
				server, _, _ := testHTTP(t, HTTPOptions{}, func(o *Options) {
					o.NewCall = func(ctx context.Context, _ Origin) (*call.Call, error) {
						header := http.Header{}
						telemetry.Inject(ctx, header)
						got = append(got, header)
						return nil, errors.New("enough is known")
					}
				})
				body := `{"jsonrpc":"2.0","id":1,"method":"` + request[0] + `","params":{` + request[1] + `,"_meta":{` + test.meta + `}}}`
				sent, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				maps.Copy(sent.Header, test.headers)
				sent.Header.Set("Content-Type", "application/json")
				sent.Header.Set("X-User", "ann")
				answer, err := http.DefaultClient.Do(sent)
				if err != nil {
					t.Fatal(err)
				}
				text(t, answer)
				if diff := cmp.Diff([]http.Header{test.want}, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}
