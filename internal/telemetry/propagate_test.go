package telemetry_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/telemetry"
)

const aParent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"

// trace are the headers of a request that is part of one.
func trace(pairs ...string) http.Header {
	header := http.Header{}
	for pair := range slices.Chunk(pairs, 2) {
		header.Set(pair[0], pair[1])
	}
	return header
}

func TestWhatIsValidOfATraceIsPassedOn(t *testing.T) {
	list := func(n int) string {
		members := make([]string, n)
		for i := range members {
			members[i] = fmt.Sprintf("k%d=v", i)
		}
		return strings.Join(members, ",")
	}
	alone := trace("traceparent", aParent)
	for _, test := range []struct {
		name, parent, state, baggage string
		want                         http.Header
	}{
		{"nothing", "", "", "", trace()},
		{"a parent and its state", aParent, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "", trace("traceparent", aParent, "tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")},
		{"all of it", aParent, "a=b", "c=d", trace("traceparent", aParent, "tracestate", "a=b", "baggage", "c=d")},
		{"baggage alone", "", "", "a=b", trace("baggage", "a=b")},
		{"a state without a parent", "", "a=b", "", trace()},
		{"a parent of a later version, of which this one is understood", "cc" + aParent[2:] + "-more", "", "", alone},

		{"a version that cannot be", "ff" + aParent[2:], "a=b", "", trace()},
		{"more fields", aParent + "-00", "", "", trace()},
		{"capitals", strings.ToUpper(aParent), "", "", trace()},
		{"no trace", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "", "", trace()},
		{"no parent in a trace", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "", "", trace()},
		{"a line more", aParent + "\r\nX-INFRAHUB-KEY: stolen", "", "", trace()},
		{"a line end", aParent + "\n", "", "", trace()},
		{"a short id", aParent[:len(aParent)-1], "", "", trace()},

		{"a state with empty members", aParent, "a=b,,t@v=c d", "", trace("traceparent", aParent, "tracestate", "a=b,t@v=c d")},
		{"as many members of a state as there may be", aParent, list(32), "", trace("traceparent", aParent, "tracestate", list(32))},
		{"one more", aParent, list(33), "", alone},
		{"a key of a state twice", aParent, "a=b,c=d,a=e", "", alone},
		{"a state without a value", aParent, "a", "", alone},
		{"a key of a state in capitals", aParent, "A=b", "", alone},
		{"a state with a line end", aParent, "a=b\nX: y", "", alone},
		{"a value of a state with =", aParent, "a=b=c", "", alone},
		{"a key of a state that is too long", aParent, strings.Repeat("k", 257) + "=v", "", alone},

		{"baggage with properties and spaces", "", "", "k = v ; p ; q=r", trace("baggage", "k=v; p ; q=r")},
		{"baggage without a value", "", "", "k", trace()},
		{"baggage with a malformed member", "", "", "k=v,,l", trace("baggage", "k=v")},
		{"baggage in quotes", "", "", `k="v"`, trace()},
		{"baggage with a line end", "", "", "k=v\r\nX: y", trace()},
		{"baggage with a line end that is escaped", "", "", "k=v%0D%0AX: y", trace()},
		{"baggage beyond ASCII", "", "", "k=ü", trace()},
		{"as much baggage as there may be", "", "", "k=" + strings.Repeat("v", 8190), trace("baggage", "k="+strings.Repeat("v", 8190))},
		{"one byte more", "", "", "k=" + strings.Repeat("v", 8191), trace()},
		{"bad baggage beside a good parent", aParent, "", "k", alone},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := http.Header{}
			telemetry.Inject(telemetry.WithRemote(t.Context(), test.parent, test.state, test.baggage), got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLastThatIsValidCounts(t *testing.T) {
	const other = "00-11111111111111111111111111111111-2222222222222222-00"
	for _, test := range []struct {
		name, parent, state, baggage string
		want                         http.Header
	}{
		{"nothing", "", "", "", trace("traceparent", aParent, "tracestate", "a=b", "baggage", "c=d")},
		{"what is malformed", "00-1-2-3", "e=f", "g", trace("traceparent", aParent, "tracestate", "a=b", "baggage", "c=d")},
		{"a parent without a state", other, "", "", trace("traceparent", other, "baggage", "c=d")},
		{"baggage", "", "", "g=h", trace("traceparent", aParent, "tracestate", "a=b", "baggage", "g=h")},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := http.Header{}
			ctx := telemetry.WithRemote(t.Context(), aParent, "a=b", "c=d")
			telemetry.Inject(telemetry.WithRemote(ctx, test.parent, test.state, test.baggage), got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzNothingButATraceIsPassedOn(f *testing.F) {
	f.Add(aParent, "a=b,c=d", "k=v;p=q,l=%20")
	f.Add("cc"+aParent[2:]+"-x", "a=b\n", "k=%0d%0a")
	f.Fuzz(func(t *testing.T, parent, state, baggage string) {
		header := http.Header{}
		telemetry.Inject(telemetry.WithRemote(t.Context(), parent, state, baggage), header)
		for name, values := range header {
			if name != "Traceparent" && name != "Tracestate" && name != "Baggage" || len(values) != 1 {
				t.Errorf("%s: %q", name, values)
			}
			for _, c := range []byte(values[0]) {
				if c < ' ' || c > '~' {
					t.Errorf("%s has a character that no header may have: %q", name, values[0])
				}
			}
		}
		if len(header.Get("Baggage")) > 8192 || len(header.Get("Tracestate")) > 32*(256+1+256+1) || len(header.Get("Traceparent")) > 55 {
			t.Errorf("it is too long: %v", header)
		}
	})
}
