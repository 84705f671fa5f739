package front

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTheAddressOfTheClient(t *testing.T) {
	for name, test := range map[string]struct {
		peer    string
		headers []string
		want    string
	}{
		"is that of the peer":                        {peer: "203.0.113.9:4711", want: "203.0.113.9"},
		"also when it claims another":                {"203.0.113.9:4711", []string{"X-Forwarded-For", "1.1.1.1", "Forwarded", "for=1.1.1.1"}, "203.0.113.9"},
		"of IPv6":                                    {peer: "[2001:db8::5]:1", want: "2001:db8::5"},
		"of IPv6 with a zone":                        {peer: "[fe80::1%eth0]:1", want: "fe80::1"},
		"of IPv4 as IPv6 has it":                     {peer: "[::ffff:203.0.113.9]:1", want: "203.0.113.9"},
		"is the proxy's when that says nothing":      {peer: "10.0.0.1:1", want: "10.0.0.1"},
		"is what a trusted proxy says":               {"10.0.0.1:1", []string{"X-Forwarded-For", "203.0.113.9"}, "203.0.113.9"},
		"is the last that is not trusted":            {"10.0.0.1:1", []string{"X-Forwarded-For", "1.1.1.1, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		"over several header lines":                  {"10.0.0.1:1", []string{"X-Forwarded-For", "1.1.1.1", "X-Forwarded-For", "203.0.113.9", "X-Forwarded-For", "10.0.0.2"}, "203.0.113.9"},
		"is the first when all are trusted":          {"10.0.0.1:1", []string{"X-Forwarded-For", "10.0.0.3,10.0.0.2"}, "10.0.0.3"},
		"does not lie beyond what is no address":     {"10.0.0.1:1", []string{"X-Forwarded-For", "203.0.113.9, unknown, 10.0.0.2"}, "10.0.0.2"},
		"may come with a port":                       {"10.0.0.1:1", []string{"X-Forwarded-For", "203.0.113.9:5555"}, "203.0.113.9"},
		"may be IPv6 with a port":                    {"10.0.0.1:1", []string{"X-Forwarded-For", "[2001:db8::5]:5555"}, "2001:db8::5"},
		"may be IPv6 in brackets":                    {"10.0.0.1:1", []string{"X-Forwarded-For", "[2001:db8::5]"}, "2001:db8::5"},
		"through a proxy on IPv6":                    {"[fd00::1]:1", []string{"X-Forwarded-For", "2001:db8::5"}, "2001:db8::5"},
		"through a single trusted address":           {"192.0.2.1:1", []string{"X-Forwarded-For", "203.0.113.9"}, "203.0.113.9"},
		"but not through its neighbour":              {"192.0.2.2:1", []string{"X-Forwarded-For", "203.0.113.9"}, "192.0.2.2"},
		"an empty header says nothing":               {"10.0.0.1:1", []string{"X-Forwarded-For", ""}, "10.0.0.1"},
		"Forwarded":                                  {"10.0.0.1:1", []string{"Forwarded", "for=1.1.1.1, for=203.0.113.9;proto=https;by=10.0.0.2"}, "203.0.113.9"},
		"Forwarded with quotes, case and blanks":     {"10.0.0.1:1", []string{"Forwarded", `by="a;,b" ; FOR="[2001:db8::5]:99" , For="10.0.0.2:1"`}, "2001:db8::5"},
		"Forwarded with a hidden hop":                {"10.0.0.1:1", []string{"Forwarded", "for=203.0.113.9, for=_hidden"}, "10.0.0.1"},
		"Forwarded with an unknown hop":              {"10.0.0.1:1", []string{"Forwarded", "for=203.0.113.9, for=unknown"}, "10.0.0.1"},
		"Forwarded with a hop of no address":         {"10.0.0.1:1", []string{"Forwarded", "for=203.0.113.9, proto=https"}, "10.0.0.1"},
		"Forwarded with two addresses for one hop":   {"10.0.0.1:1", []string{"Forwarded", "for=203.0.113.9;for=1.1.1.1"}, "10.0.0.1"},
		"Forwarded with an open quote":               {"10.0.0.1:1", []string{"Forwarded", `for=203.0.113.9, for="1.1.1.1`}, "10.0.0.1"},
		"both headers that agree":                    {"10.0.0.1:1", []string{"Forwarded", "for=203.0.113.9", "X-Forwarded-For", "203.0.113.9"}, "203.0.113.9"},
		"both headers, one of them the client's own": {"10.0.0.1:1", []string{"Forwarded", "for=1.1.1.1", "X-Forwarded-For", "203.0.113.9"}, "10.0.0.1"},
		"a peer without an address":                  {"@", []string{"X-Forwarded-For", "203.0.113.9"}, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := clientOf(t, test.peer, test.headers...); got.String() != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// clientOf asks a server that trusts some private networks.
func clientOf(t interface{ Fatal(...any) }, peer string, headers ...string) (client netip.Addr) {
	proxies, err := NewProxies([]string{"10.0.0.0/8", "fd00::/8", "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	request.RemoteAddr = peer
	for header := range slices.Chunk(headers, 2) {
		request.Header.Add(header[0], header[1])
	}
	proxies.WithAddress(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { client = Address(r.Context()) })).
		ServeHTTP(httptest.NewRecorder(), request)
	return client
}

func TestWhatAClientWritesInFrontOfAProxyChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		forged := strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, rapid.StringOf(rapid.SampledFrom([]rune(`0123456789.:,[]"\;=forby unknown_%`))).Draw(t, "forged"))
		if got := clientOf(t, "10.0.0.1:1", "X-Forwarded-For", forged+", 203.0.113.9"); got.String() != "203.0.113.9" {
			t.Errorf("X-Forwarded-For: got %s", got)
		}
		// An open quote swallows what the proxy adds; then nobody is believed.
		if got := clientOf(t, "10.0.0.1:1", "Forwarded", forged+", for=203.0.113.9"); got.String() != "203.0.113.9" && got.String() != "10.0.0.1" {
			t.Errorf("Forwarded: got %s", got)
		}
	})
}

func TestNetworksThatCannotBeAreRefusedInTheList(t *testing.T) {
	for entry, why := range map[string]string{
		"10.0.0.0/8": "", "10.0.0.1": "", "fd00::/8": "", "::1": "",
		"10.0.0.1/8":          "that network is 10.0.0.0/8",
		"10.0.0.0/33":         "not a network",
		"proxy.example":       "not a network",
		"":                    "not a network",
		"::ffff:10.0.0.0/104": "write IPv4 as such",
	} {
		_, err := NewProxies([]string{entry})
		if why == "" && err != nil || why != "" && (err == nil || !strings.Contains(err.Error(), why)) {
			t.Errorf("%q: %v, want %q", entry, err, why)
		}
	}
}

func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"for=1.1.1.1", `for="[::1]:1";by=a, for=_x`, `for="\"`, `"`, ";;,,==", `for="a,b";for=c`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		hops := forwarded(header)
		if len(hops) > strings.Count(header, ",")+1 {
			t.Errorf("%d hops in %q", len(hops), header)
		}
	})
}
