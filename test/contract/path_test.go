package contract

import "testing"

func TestAPathFindsItsValue(t *testing.T) {
	body := parsed(t, `{"data":{"edges":[{"id":"a"},{"id":"b"}]}}`)
	for _, test := range []struct{ path, want string }{
		{"data.edges.1.id", `"b"`},
		{"data.edges.0", `{"id":"a"}`},
		{"", `{"data":{"edges":[{"id":"a"},{"id":"b"}]}}`},
	} {
		value, err := find(body, parsePath(test.path))
		if err != nil {
			t.Errorf("%q: %v", test.path, err)
		} else if got := plain(t, value); got != test.want {
			t.Errorf("%q is %s, want %s", test.path, got, test.want)
		}
	}
	for _, missing := range []string{"nope", "data.edges.2", "data.edges.-1", "data.edges.x", "data.edges.0.id.x"} {
		if value, err := find(body, parsePath(missing)); err == nil {
			t.Errorf("%q is %v, want nothing", missing, value)
		}
	}
}

func TestAPathReplacesEveryPlaceItNames(t *testing.T) {
	for _, test := range []struct {
		path  string
		found int
		want  string
	}{
		{"edges.*.id", 2, `{"edges":[{"id":"new"},{"id":"new"}],"count":2}`},
		{"edges.1.id", 1, `{"edges":[{"id":"a"},{"id":"new"}],"count":2}`},
		{"*", 2, `{"edges":"new","count":"new"}`},
		{"nope.id", 0, `{"edges":[{"id":"a"},{"id":"b"}],"count":2}`},
		{"", 1, `"new"`},
	} {
		changed, found := replace(parsed(t, `{"edges":[{"id":"a"},{"id":"b"}],"count":2}`), parsePath(test.path), func(any) any { return "new" })
		if got := plain(t, changed); got != test.want || found != test.found {
			t.Errorf("%q: %d places in %s, want %d in %s", test.path, found, got, test.found, test.want)
		}
	}
}

func TestKeepLeavesOnlyWhatIsNamed(t *testing.T) {
	const body = `{"main":"x","nodes":{"A":{"kind":"A","hash":1},"B":{"kind":"B","hash":2}},"list":[{"a":1,"b":2},{"a":3}]}`
	for _, test := range []struct {
		name  string
		paths []string
		want  string
	}{
		{"one member", []string{"main"}, `{"main":"x"}`},
		{"a member of each", []string{"nodes.*.kind"}, `{"nodes":{"A":{"kind":"A"},"B":{"kind":"B"}}}`},
		{"a whole object", []string{"nodes.B", "main"}, `{"main":"x","nodes":{"B":{"kind":"B","hash":2}}}`},
		{"elements of a list", []string{"list.*.a"}, `{"list":[{"a":1},{"a":3}]}`},
		{"nothing that is there", []string{"nope"}, `{}`},
	} {
		if got := plain(t, keep(parsed(t, body), parsePaths(test.paths))); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestAPathCoversWhatLiesBelow(t *testing.T) {
	for _, test := range []struct {
		path, place string
		want        bool
	}{
		{"data.a", "data.a", true},
		{"data.a", "data.a.b.0", true},
		{"data.*.b", "data.a.b.c", true},
		{"", "data", true},
		{"data.a", "data", false},
		{"data.a", "data.b", false},
		{"data.*.b", "data.a.c", false},
	} {
		if got := parsePath(test.path).covers(parsePath(test.place)); got != test.want {
			t.Errorf("that %q covers %q is %v", test.path, test.place, got)
		}
	}
}
