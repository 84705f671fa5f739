package protocol

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/telemetry"
)

func TestARequestIsPartOfTheTraceThatItNames(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
	for _, test := range []struct {
		name, meta string
		want       telemetry.Trace
	}{
		{"all of it", `"traceparent":"` + parent + `","tracestate":"a=b","baggage":"c=d"`, telemetry.Trace{Parent: parent, State: "a=b", Baggage: "c=d"}},
		{"baggage alone", `"baggage":"c=d"`, telemetry.Trace{Baggage: "c=d"}},
		{"none", `"progressToken":1`, telemetry.Trace{}},
		{"one that is malformed", `"traceparent":"00-1-2-3","tracestate":"a=b"`, telemetry.Trace{}},
		{"one that is no text", `"traceparent":7,"tracestate":{},"baggage":"c=d"`, telemetry.Trace{Baggage: "c=d"}},
	} {
		for what, request := range map[string][2]string{
			"a tool":       {"tools/call", `"name":"steps"`},
			"a resource":   {"resources/read", `"uri":"infrahub://schema"`},
			"a completion": {"completion/complete", `"ref":{"type":"ref/prompt","name":"infrahub_agent"},"argument":{"name":"kind","value":""}`},
		} {
			t.Run(test.name+", "+what, func(t *testing.T) {
				var got []telemetry.Trace
				server, _, _ := testHTTP(t, HTTPOptions{}, func(o *Options) {
					o.NewCall = func(ctx context.Context, _ Origin) (*call.Call, error) {
						got = append(got, telemetry.TraceOf(ctx))
						return nil, errors.New("enough is known")
					}
				})
				text(t, send(t, http.MethodPost, server.URL, `{"jsonrpc":"2.0","id":1,"method":"`+request[0]+`","params":{`+request[1]+`,"_meta":{`+test.meta+`}}}`, legacy("", "ann")))
				if diff := cmp.Diff([]telemetry.Trace{test.want}, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}
