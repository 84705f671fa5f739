package resource_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/watch"
)

// versions are those of all resources, and of one kind, as a caller sees them.
func versions(t *testing.T, c *call.Call) map[string]string {
	t.Helper()
	round := watch.NewRound()
	all := map[string]string{}
	for _, r := range resource.Catalogue() {
		if !r.Watchable() {
			t.Errorf("%s cannot be watched", r.URI)
			continue
		}
		version, err := r.Version(t.Context(), c, round, map[string]string{"kind": "DcimDevice"})
		if err != nil || version == "" {
			t.Errorf("%s has the version %q, %v", r.URI, version, err)
		}
		all[r.URI] = version
	}
	return all
}

// differing are the URIs whose versions are not the same.
func differing(a, b map[string]string) []string {
	maps.DeleteFunc(a, func(uri, version string) bool { return b[uri] == version })
	return slices.Sorted(maps.Keys(a))
}

func TestAVersionIsAnotherOneWhenTheContentIs(t *testing.T) {
	t.Parallel()
	const kinds, sdl, branches = "infrahub://schema", "infrahub://graphql-schema", "infrahub://branches"
	load := func(name string) string {
		return `{"schemas":[{"version":"1.0","nodes":[{"name":"` + name + `","namespace":"Testing","attributes":[{"name":"name","kind":"Text"}]}]}]}`
	}
	for name, test := range map[string]struct {
		change func(t *testing.T, c *call.Call, box *nodes.Base)
		want   []string
	}{
		"nothing": {func(*testing.T, *call.Call, *nodes.Base) {}, nil},
		"a kind that is new": {func(t *testing.T, c *call.Call, box *nodes.Base) {
			t.Helper()
			if _, err := box.Load(c.SessionBranch, []byte(load("Thing"))); err != nil {
				t.Fatal(err)
			}
		}, []string{sdl, kinds}},
		"a kind that is new on another branch": {func(t *testing.T, _ *call.Call, box *nodes.Base) {
			t.Helper()
			if _, err := box.Load("main", []byte(load("Thing"))); err != nil {
				t.Fatal(err)
			}
		}, nil},
		"the kind": {func(t *testing.T, c *call.Call, box *nodes.Base) {
			t.Helper()
			document := `{"schemas":[{"version":"1.0","nodes":[{"name":"Device","namespace":"Dcim","description":"Changed.","attributes":[]}]}]}`
			if _, err := box.Load(c.SessionBranch, []byte(document)); err != nil {
				t.Fatal(err)
			}
		}, []string{sdl, "infrahub://schema/{kind}"}},
		"another session branch": {func(t *testing.T, c *call.Call, _ *nodes.Base) {
			t.Helper()
			c.SessionBranch = ""
		}, []string{branches}},
		"a branch of somebody else": {func(t *testing.T, c *call.Call, _ *nodes.Base) {
			t.Helper()
			if _, _, err := c.Branches.Reset(t.Context(), "mcp/session-aaaaaaaa"); err != nil {
				t.Fatal(err)
			}
		}, []string{branches}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, box := session(t, true)
			c.Schemas = schema.NewCache(0, 4, nil)
			before := versions(t, c)
			test.change(t, c, box.Base())
			if diff := cmp.Diff(test.want, differing(before, versions(t, c))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheVersionOfASessionBranchThatIsGoneIsThatOfTheDefaultBranch(t *testing.T) {
	t.Parallel()
	c, box := session(t, true)
	c.Schemas = schema.NewCache(0, 4, nil)
	if err := box.Base().Store.DeleteBranch(c.SessionBranch); err != nil {
		t.Fatal(err)
	}
	after := versions(t, c)
	if current, err := c.Branches.Current(t.Context()); err != nil || current != "" {
		t.Errorf("the session goes on with %q, %v", current, err)
	}
	c.SessionBranch = ""
	want := versions(t, c)
	if after["infrahub://schema"] != want["infrahub://schema"] {
		t.Error("the schema of which branch?")
	}
}
