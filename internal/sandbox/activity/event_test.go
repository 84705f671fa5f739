package activity_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/activity"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// attributes are those of an event, by name: value, previous value, action.
func attributes(event in) map[string][3]any {
	result := map[string][3]any{}
	list, _ := event["attributes"].([]any)
	for _, item := range list {
		a, _ := item.(map[string]any)
		name, _ := a["name"].(string)
		result[name] = [3]any{a["value"], a["value_previous"], a["action"]}
	}
	return result
}

func TestTheEventsOfANode(t *testing.T) {
	w := newWatched(t, activity.Options{})
	id := w.create(t, "OrganizationProvider", in{"name": val("one"), "noc_email": val("one@example.com")})
	w.update(t, "OrganizationProvider", in{"id": id, "name": val("two"), "noc_email": val(nil)})
	w.update(t, "OrganizationProvider", in{"id": id, "name": val("two")})
	if err := w.base.Write("main", account, func(tx *nodes.Writer) error {
		_, err := tx.Delete(tx.Model.Kind("OrganizationProvider"), in{"id": id})
		return err
	}); err != nil {
		t.Fatal(err)
	}

	events := w.nodes(t, "InfrahubEvent", in{"primary_node__ids": []any{id}, "order": "ASC"})
	want := []any{"infrahub.node.created", "infrahub.node.updated", "infrahub.node.deleted"}
	if diff := cmp.Diff(want, column(events, "event")); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	made := events[0]
	for field, want := range (in{
		"__typename": "NodeMutatedEvent", "branch": "main", "account_id": account, "level": 0, "has_children": false, "parent_id": nil,
		"related_nodes": []any{}, "relationships": []any{}, "primary_node": in{"id": id, "kind": "OrganizationProvider"},
	}) {
		if diff := cmp.Diff(want, made[field]); diff != "" {
			t.Errorf("%s of a new node (-want +got):\n%s", field, diff)
		}
	}
	for i, want := range []map[string][3]any{
		{
			"name": {"one", nil, "ADDED"}, "noc_email": {"one@example.com", nil, "ADDED"},
			"display_label": {"one", nil, "ADDED"}, "human_friendly_id": {"['one']", nil, "ADDED"},
		},
		{
			"name": {"two", "one", "UPDATED"}, "noc_email": {nil, "one@example.com", "REMOVED"},
			"display_label": {"two", "one", "UPDATED"}, "human_friendly_id": {`["two"]`, `["one"]`, "UPDATED"},
		},
	} {
		if diff := cmp.Diff(want, attributes(events[i])); diff != "" {
			t.Errorf("the attributes of event %d (-want +got):\n%s", i, diff)
		}
	}
	if got := attributes(events[2])["display_label"]; got != [3]any{nil, "two", "REMOVED"} {
		t.Errorf("the label of a node that is gone: %v", got)
	}
}

func TestValuesInEventsAreAsInfrahubPrintsThem(t *testing.T) {
	w := newWatched(t, activity.Options{})
	region := w.create(t, "LocationRegion", in{"name": val("west")})
	site := w.create(t, "LocationSite", in{"name": val("par"), "parent": in{"id": region}})
	id := w.create(t, "DcimDevice", in{
		"name": val("one"), "serial": val("S1"), "role": val("leaf"), "site": in{"id": site}, "rack_position": val(int64(7)),
		"console_password": val("top secret"), "ntp_servers": val([]any{"a", int64(1), nil, true}), "facts": val(in{"it's": 1.5}),
	})
	event := w.nodes(t, "InfrahubEvent", in{"primary_node__ids": []any{id}})[0]
	got := attributes(event)
	for name, want := range map[string][3]any{
		"rack_position": {"7", nil, "ADDED"}, "console_password": {"***", nil, "ADDED"}, "ntp_servers": {"['a', 1, None, True]", nil, "ADDED"},
		"facts": {`{"it's": 1.5}`, nil, "ADDED"}, "description": {nil, nil, "UNCHANGED"},
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	relationships := []any{in{"name": "site", "action": "ADDED", "peer": in{"id": site, "kind": "LocationSite"}}}
	if diff := cmp.Diff(relationships, event["relationships"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	platform := w.create(t, "DcimPlatform", in{"name": val("os")})
	if got := attributes(w.nodes(t, "InfrahubEvent", in{"primary_node__ids": []any{platform}})[0])["driver"]; got[0] != "DriverEnum.SSH" {
		t.Errorf("a new enum is printed as %v", got[0])
	}
}

func TestTheOtherEndOfARelationshipHasAChildEvent(t *testing.T) {
	w := newWatched(t, activity.Options{})
	region := w.create(t, "LocationRegion", in{"name": val("west")})
	site := w.create(t, "LocationSite", in{"name": val("par"), "parent": in{"id": region}})
	parent := w.nodes(t, "InfrahubEvent", in{"primary_node__ids": []any{site}})[0]
	child := w.nodes(t, "InfrahubEvent", in{"primary_node__ids": []any{region}, "level": int64(1)})
	if len(child) != 1 || parent["has_children"] != true || child[0]["parent_id"] != parent["id"] || child[0]["event"] != "infrahub.node.updated" {
		t.Errorf("the parent is %v, the children %v", parent, child)
	}
	if children := w.nodes(t, "InfrahubEvent", in{"parent__ids": []any{parent["id"]}}); len(children) != 1 {
		t.Errorf("got %v", children)
	}
}

func TestAGroupThatGetsMembersHasAnEventOfItsOwn(t *testing.T) {
	w := newWatched(t, activity.Options{})
	tag := w.create(t, "BuiltinTag", in{"name": val("red")})
	group := w.create(t, "CoreStandardGroup", in{"name": val("all"), "members": []any{in{"id": tag}}})
	events := w.nodes(t, "InfrahubEvent", in{"event_type": []any{"infrahub.group.member_added"}})
	if len(events) != 1 {
		t.Fatalf("got %v", events)
	}
	for field, want := range (in{
		"__typename": "GroupEvent", "primary_node": in{"id": group, "kind": "CoreStandardGroup"}, "members": []any{in{"id": tag, "kind": "BuiltinTag"}},
		"ancestors": []any{},
	}) {
		if diff := cmp.Diff(want, events[0][field]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
}

func TestEventsOfBranchesAndAccounts(t *testing.T) {
	w := newWatched(t, activity.Options{})
	b, err := w.base.Store.CreateBranch(store.NewBranch{Name: "blue"})
	if err != nil {
		t.Fatal(err)
	}
	w.log.BranchCreated(b, account)
	w.log.BranchRebased(b, account)
	w.log.BranchMerged(b, account, nil)
	w.log.BranchDeleted(b, account)
	w.log.SchemaUpdated("blue", account, "hash", []string{"NewKind"}, nil)
	w.log.LoggedIn(activity.Login{Account: activity.Node{ID: account, Kind: "CoreAccount"}, Name: "admin", Type: "User"})
	for _, test := range []struct {
		name      string
		arguments in
		want      []any
	}{
		{"all of them", nil, []any{
			"infrahub.account.logged_in", "infrahub.schema.updated", "infrahub.branch.deleted", "infrahub.branch.merged", "infrahub.branch.rebased", "infrahub.branch.created",
		}},
		{"those of a branch", in{"branches": []any{"blue"}}, []any{"infrahub.schema.updated"}},
		{"merges of a branch", in{"event_type_filter": in{"branch_merged": in{"branches": []any{"blue"}}}}, []any{"infrahub.branch.merged"}},
		{"merges of another one", in{"event_type_filter": in{"branch_merged": in{"branches": []any{"red"}}}}, []any{}},
		{"those with children", in{"has_children": true}, []any{"infrahub.branch.merged"}},
		{"those of another account", in{"account__ids": []any{"nobody"}}, []any{}},
		{"those of a past time", in{"until": "2000-01-01T00:00:00+00:00"}, []any{}},
		{"those of a type", in{"event_type": []any{"infrahub.branch.created"}}, []any{"infrahub.branch.created"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, column(w.nodes(t, "InfrahubEvent", test.arguments), "event")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	answer, err := w.ask(t, "InfrahubEvent", nil, false)
	if err != nil || answer["count"] != 5 {
		t.Errorf("who may not manage accounts sees %v events, %v, want 5", answer["count"], err)
	}
	deleted := w.nodes(t, "InfrahubEvent", in{"event_type": []any{"infrahub.branch.deleted"}})[0]
	if deleted["deleted_branch"] != "blue" || deleted["branch"] != nil {
		t.Errorf("got %v", deleted)
	}
}
