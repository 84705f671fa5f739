package schema_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

func TestKindsAreSortedByName(t *testing.T) {
	kinds := demo(t).Kinds()
	if len(kinds) == 0 || !slices.IsSorted(names(kinds)) {
		t.Errorf("got %q", names(kinds))
	}
}

func TestKindFindsEveryKindByItsName(t *testing.T) {
	s := demo(t)
	for _, k := range s.Kinds() {
		if got, err := s.Kind(k.Name); got != k || err != nil {
			t.Errorf("Kind(%q) = %v, %v", k.Name, got, err)
		}
		if got := s.Lookup(k.Name); got != k {
			t.Errorf("Lookup(%q) = %v", k.Name, got)
		}
	}
}

func TestUnknownKindIsAProblemWithTheClosestNames(t *testing.T) {
	s := demo(t)
	for _, test := range []struct{ name, kind, closest string }{
		{"a letter is missing", "DcimDevic", "DcimDevice"},
		{"the case is wrong", "dcimdevice", "DcimDevice"},
		{"the namespace is missing", "Device", "DcimDevice"},
		{"the words are apart", "location site", "LocationSite"},
		{"it resembles nothing", "Zzyzx", ""},
		{"it is empty", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			k, err := s.Kind(test.kind)
			var p *problem.Problem
			if k != nil || !errors.As(err, &p) {
				t.Fatalf("got %v, %v, want a Problem", k, err)
			}
			if p.Do != "Call get_schema without arguments for all kinds." {
				t.Errorf("advice %q", p.Do)
			}
			closest, _, _ := strings.Cut(strings.Join(p.Candidates, " "), " ")
			if closest != test.closest {
				t.Errorf("candidates %q, want %q first", p.Candidates, test.closest)
			}
			if s.Lookup(test.kind) != nil {
				t.Error("Lookup found it")
			}
		})
	}
}

func TestConcreteKinds(t *testing.T) {
	s := demo(t)
	for _, test := range []struct {
		name, kind string
		want       []string
	}{
		{"of a generic are those that implement it", "LocationGeneric", []string{"LocationRack", "LocationRegion", "LocationSite"}},
		{"of a generic that nothing implements are none", "CoreFileObject", []string{}},
		{"of a node is the node", "DcimDevice", []string{"DcimDevice"}},
		{"of a profile is the profile", "ProfileDcimDevice", []string{"ProfileDcimDevice"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := names(s.Concrete(kind(t, s, test.kind)))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("are sorted whatever the order of the server", func(t *testing.T) {
		s := decode(t, []byte(`{"main":"h","nodes":[{"kind":"B"},{"kind":"A"}],"generics":[{"kind":"G","used_by":["B","X","A"]}]}`))
		if diff := cmp.Diff([]string{"A", "B"}, names(s.Concrete(kind(t, s, "G")))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("of the root generic leave out what Infrahub keeps to itself", func(t *testing.T) {
		node := kind(t, s, "CoreNode")
		if !slices.Contains(node.UsedBy, "InternalIPPrefixAvailable") {
			t.Fatal("the fixture no longer names an internal kind")
		}
		got := names(s.Concrete(node))
		if slices.Contains(got, "InternalIPPrefixAvailable") || !slices.Contains(got, "DcimDevice") || !slices.IsSorted(got) {
			t.Errorf("got %q", got)
		}
	})
}

func TestInternalKinds(t *testing.T) {
	for namespace, want := range map[string]bool{
		"Internal": true, "Profile": true, "Template": true, "Dcim": false, "Core": false, "": false,
	} {
		if got := (&schema.Kind{Namespace: namespace}).Internal(); got != want {
			t.Errorf("namespace %q: Internal() = %v", namespace, got)
		}
	}
}

func TestSecretAttributes(t *testing.T) {
	for attributeKind, want := range map[string]bool{
		"Password": true, "HashedPassword": true, "Text": false, "": false,
	} {
		if got := (&schema.Attribute{Kind: attributeKind}).Secret(); got != want {
			t.Errorf("kind %q: Secret() = %v", attributeKind, got)
		}
	}
}

func TestFieldsAreFoundByName(t *testing.T) {
	device := kind(t, demo(t), "DcimDevice")
	if a := device.Attribute("name"); a == nil || a.Name != "name" {
		t.Errorf("Attribute(name) = %v", a)
	}
	if r := device.Relationship("interfaces"); r == nil || r.Name != "interfaces" || !r.Many() {
		t.Errorf("Relationship(interfaces) = %v", r)
	}
	if r := device.Relationship("site"); r == nil || r.Many() {
		t.Errorf("Relationship(site) = %v", r)
	}
	if a, r := device.Attribute("site"), device.Relationship("name"); a != nil || r != nil {
		t.Errorf("an attribute or a relationship was found under the name of the other: %v, %v", a, r)
	}
}

func names(kinds []*schema.Kind) []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return names
}
