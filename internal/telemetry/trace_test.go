package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const aParent = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"

func TestATraceIsWhatIsValidOfIt(t *testing.T) {
	states := func(n int) string {
		members := make([]string, n)
		for i := range members {
			members[i] = fmt.Sprintf("k%d=v", i)
		}
		return strings.Join(members, ",")
	}
	for _, test := range []struct {
		name, parent, state, baggage string
		want                         Trace
	}{
		{"nothing", "", "", "", Trace{}},
		{"all of it", aParent, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "userId=alice,isProduction=false", Trace{aParent, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "userId=alice,isProduction=false"}},
		{"baggage alone", "", "", "a=b", Trace{Baggage: "a=b"}},
		{"a state without a parent", "", "a=b", "", Trace{}},
		{"a later version of the same form", "cc" + aParent[2:], "", "", Trace{Parent: "cc" + aParent[2:]}},

		{"a version that cannot be", "ff" + aParent[2:], "a=b", "", Trace{}},
		{"more fields", aParent + "-00", "", "", Trace{}},
		{"capitals", strings.ToUpper(aParent), "", "", Trace{}},
		{"no trace", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "", "", Trace{}},
		{"no parent in a trace", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "", "", Trace{}},
		{"a line more", aParent + "\r\nX-INFRAHUB-KEY: stolen", "", "", Trace{}},
		{"a line end", aParent + "\n", "", "", Trace{}},
		{"a short id", aParent[:len(aParent)-1], "", "", Trace{}},

		{"a state with spaces and empty members", aParent, "a=b , ,t@v=c d", "", Trace{Parent: aParent, State: "a=b , ,t@v=c d"}},
		{"as many members of a state as there may be", aParent, states(32), "", Trace{Parent: aParent, State: states(32)}},
		{"one more", aParent, states(33), "", Trace{Parent: aParent}},
		{"a key of a state twice", aParent, "a=b,c=d,a=e", "", Trace{Parent: aParent}},
		{"a state without a value", aParent, "a", "", Trace{Parent: aParent}},
		{"a key of a state in capitals", aParent, "A=b", "", Trace{Parent: aParent}},
		{"a state with a line end", aParent, "a=b\nX: y", "", Trace{Parent: aParent}},
		{"a value of a state with =", aParent, "a=b=c", "", Trace{Parent: aParent}},
		{"a key of a state that is too long", aParent, strings.Repeat("k", 257) + "=v", "", Trace{Parent: aParent}},

		{"baggage with properties and spaces", "", "", "k = v ; p ; q=r , l=%20", Trace{Baggage: "k = v ; p ; q=r , l=%20"}},
		{"baggage without a value", "", "", "k", Trace{}},
		{"baggage with an empty member", "", "", "k=v,", Trace{}},
		{"baggage in quotes", "", "", `k="v"`, Trace{}},
		{"baggage with a line end", "", "", "k=v\r\nX: y", Trace{}},
		{"baggage beyond ASCII", "", "", "k=ü", Trace{}},
		{"as much baggage as there may be", "", "", "k=" + strings.Repeat("v", 8190), Trace{Baggage: "k=" + strings.Repeat("v", 8190)}},
		{"one byte more", "", "", "k=" + strings.Repeat("v", 8191), Trace{}},
		{"bad baggage beside a good parent", aParent, "", "k", Trace{Parent: aParent}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, NewTrace(test.parent, test.state, test.baggage)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestATraceIsWrittenToHeaders(t *testing.T) {
	header := http.Header{}
	TraceOf(WithTrace(t.Context(), Trace{Parent: aParent, Baggage: "a=b"})).Write(header)
	if diff := cmp.Diff(http.Header{"Traceparent": {aParent}, "Baggage": {"a=b"}}, header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := TraceOf(context.Background()); got != (Trace{}) {
		t.Errorf("outside of a trace: %v", got)
	}
}
