package front

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestWhatIsUploadedCanBeRead(t *testing.T) {
	s := newSandbox(t)
	got := s.send(request{path: "/api/storage/upload/content", body: `{"content":"contract"}`})
	var stored struct{ Identifier, Checksum string }
	if err := json.Unmarshal([]byte(got.body), &stored); err != nil || got.status != 200 || stored.Checksum != "800c327aefb3f9241513cbf551abbfda" {
		t.Fatalf("the upload answers %d %s", got.status, got.body)
	}
	got = s.send(request{path: "/api/storage/object/" + stored.Identifier})
	if got.status != 200 || got.body != "contract" || len(got.header.Values("Content-Type")) != 0 {
		t.Errorf("got %d %s %v", got.status, got.body, got.header)
	}
}

func TestAnArtifactIsReadWithItsType(t *testing.T) {
	s := newSandbox(t)
	if err := s.options.Objects.Put("there", []byte("hostname a")); err != nil {
		t.Fatal(err)
	}
	id := add(t, s.options.Base, "CoreArtifact", values{"name": "config", "content_type": "text/plain", "storage_id": "there"}, nil)
	got := s.send(request{path: "/api/artifact/" + id})
	if got.status != 200 || got.body != "hostname a" || got.header.Get("Content-Type") != "text/plain" {
		t.Errorf("got %d %s %v", got.status, got.body, got.header)
	}
}

func TestTheStoreOfObjectsIsBounded(t *testing.T) {
	o := NewObjects(10)
	for _, step := range []struct {
		id, content string
		want        error
	}{{"a", "12345678", nil}, {"b", "123", ErrFull}, {"a", "1234567890", nil}, {"a", "", nil}, {"b", "1234567890", nil}} {
		if err := o.Put(step.id, []byte(step.content)); !errors.Is(err, step.want) {
			t.Errorf("putting %d bytes as %s: %v", len(step.content), step.id, err)
		}
	}
}

func TestAStoredQueryIsRun(t *testing.T) {
	s := newSandbox(t)
	id := add(t, s.options.Base, "CoreGraphQLQuery", values{"name": "tags", "query": `query T($name: String!, $limit: Int) { BuiltinTag(name__value: $name, limit: $limit) { count } }`}, nil)
	const one = `{"data":{"BuiltinTag":{"count":1}}}`
	refused := func(message, column string) string {
		return `{"data":null,"errors":[{"message":{"message":"GraphQLQuery tags: ` + message + `","locations":[{"line":1,"column":` + column + `}],"path":null},"extensions":{"code":502}}]}`
	}
	tests := []struct {
		name    string
		request request
		status  int
		body    string
	}{
		{"by name", request{path: "/api/query/tags?branch=main&name=blue"}, 200, one},
		{"by id", request{path: "/api/query/" + id + "?name=blue"}, 200, one},
		{"by nobody", request{path: "/api/query/tags?name=blue", anonymous: true}, 200, one},
		{"by POST", request{path: "/api/query/tags", body: `{"variables":{"name":"blue"}}`}, 200, one},
		{"without its variable", request{path: "/api/query/tags"}, 502, refused("Variable '$name' of required type 'String!' was not provided.", "9")},
		{"with a number, which a URL cannot hold", request{path: "/api/query/tags?name=blue&limit=1"}, 502, refused("Variable '$limit' got invalid value '1'; Int cannot represent non-integer value: '1'", "25")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := s.send(tt.request)
			if got.status != tt.status {
				t.Errorf("status %d, want %d", got.status, tt.status)
			}
			sameJSON(t, tt.body, got.body)
		})
	}
}

func TestTheMenuHoldsKindsAndNodes(t *testing.T) {
	s := newSandbox(t)
	other := add(t, s.options.Base, "CoreMenuItem", values{"namespace": "Builtin", "name": "Other", "label": "Other", "section": "object", "order_weight": 10000, "protected": true}, nil)
	add(t, s.options.Base, "CoreMenuItem", values{"namespace": "Builtin", "name": "Tag", "label": "Tags", "section": "object", "path": "/objects/BuiltinTag", "order_weight": 10000, "protected": true}, peers{"parent": other})
	add(t, s.options.Base, "CoreMenuItem", values{"namespace": "Builtin", "name": "Admin", "section": "internal", "required_permissions": []any{"global:super_admin:allow_all"}}, nil)
	got := s.send(request{path: "/api/menu"})
	var menu struct {
		Sections map[string][]*menuItem `json:"sections"`
	}
	if err := json.Unmarshal([]byte(got.body), &menu); err != nil {
		t.Fatal(err)
	}
	var names []string
	var list func(items []*menuItem)
	list = func(items []*menuItem) {
		for _, item := range items {
			names = append(names, item.Identifier)
			list(item.Children)
		}
	}
	list(menu.Sections["object"])
	const want = "DcimCable DcimCableSub DcimDevice DcimDeviceSub DcimDeviceType DcimDeviceTypeSub DcimPhysicalInterface DcimPhysicalInterfaceSub " +
		"DcimPlatform DcimPlatformSub DcimVirtualInterface DcimVirtualInterfaceSub GlobalPolicy GlobalPolicySub IpamIPAddress IpamIPAddressSub " +
		"IpamIPPrefix IpamIPPrefixSub IpamVLAN IpamVLANSub LocationRack LocationRackSub LocationRegion LocationRegionSub LocationSite LocationSiteSub " +
		"OrganizationManufacturer OrganizationManufacturerSub OrganizationProvider OrganizationProviderSub RoutingAutonomousSystem RoutingAutonomousSystemSub " +
		"RoutingBGPSession RoutingBGPSessionSub ServiceCircuit ServiceCircuitSub DcimInterface DcimInterfaceSub LocationGeneric LocationGenericSub BuiltinOther BuiltinTag"
	if joined := strings.Join(names, " "); joined != want {
		t.Errorf("got  %s\nwant %s", joined, want)
	}
	if internal := menu.Sections["internal"]; len(internal) != 0 {
		t.Errorf("the section internal holds %d entries", len(internal))
	}
}
