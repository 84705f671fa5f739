package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/store"
)

func TestWhatAccountsWereGranted(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name           string
		gate           *Gate
		account        string
		global, object []string
	}{
		{name: "an administrator", gate: w.gate(Options{}), account: "admin", global: []string{"global:super_admin:allow_all"}},
		{name: "a reader", gate: w.gate(Options{}), account: "reader", object: []string{"object:*:*:view:allow_all"}},
		{name: "an engineer", gate: w.gate(Options{}), account: "engineer", object: []string{"object:*:*:view:allow_all", "object:*:*:any:allow_other"}},
		{name: "one in no group", gate: w.gate(Options{}), account: "stranger"},
		{name: "anonymous callers", gate: w.gate(Options{AllowAnonymous: true}), object: []string{"object:*:*:view:allow_all", "object:*:*:any:deny"}},
		{name: "anonymous callers where they are not allowed", gate: w.gate(Options{})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := w.as(t, test.gate, test.account).Permissions()
			var global, object []string
			for _, g := range p.Global {
				global = append(global, g.String())
			}
			for _, o := range p.Object {
				object = append(object, o.String())
			}
			if diff := cmp.Diff([][]string{test.global, test.object}, [][]string{global, object}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{AllowAnonymous: true})
	main, branch := store.Branch{Name: "main"}, store.Branch{Name: "other"}
	merged, stale := store.Branch{Name: "other", Status: store.StatusMerged}, store.Branch{Name: "other", Status: store.StatusNeedRebase}
	type row = [4]string // view, create, update, delete
	allow, look, nothing := row{"ALLOW", "ALLOW", "ALLOW", "ALLOW"}, row{"ALLOW", "DENY", "DENY", "DENY"}, row{"DENY", "DENY", "DENY", "DENY"}
	other := row{"ALLOW", "ALLOW_OTHER", "ALLOW_OTHER", "ALLOW_OTHER"}
	tests := []struct {
		name, account, kind string
		branch              store.Branch
		want                row
	}{
		{"an administrator", "admin", "DcimDevice", main, allow},
		{"a reader", "reader", "DcimDevice", main, look},
		{"an engineer on the default branch", "engineer", "DcimDevice", main, other},
		{"an engineer on a branch", "engineer", "DcimDevice", branch, allow},
		{"an engineer on a branch, of accounts", "engineer", "CoreAccount", branch, look},
		{"an engineer on a branch, of groups of accounts", "engineer", "CoreAccountGroup", branch, look},
		{"an engineer on a branch, of permissions", "engineer", "CoreObjectPermission", branch, look},
		{"an engineer on a branch, of repositories", "engineer", "CoreRepository", branch, look},
		{"an engineer on a branch, of other groups", "engineer", "CoreStandardGroup", branch, allow},
		{"an administrator on a merged branch", "admin", "DcimDevice", merged, look},
		{"an administrator on a branch to be rebased", "admin", "DcimDevice", stale, look},
		{"anonymous callers", "", "DcimDevice", main, look},
		{"one in no group", "stranger", "DcimDevice", main, nothing},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, kind := w.as(t, g, test.account), w.model.Kind(test.kind)
			var got row
			for i, action := range []string{ActionView, ActionCreate, ActionUpdate, ActionDelete} {
				got[i] = c.Decide(test.branch, kind, action)
			}
			if got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestTheMostSpecificPermissionsCount(t *testing.T) {
	w := newWorld(t)
	device, tag := w.model.Kind("DcimDevice"), w.model.Kind("BuiltinTag")
	everything := ObjectPermission{Namespace: "*", Name: "*", Action: ActionAny, Decision: AllowAll}
	tests := []struct {
		name        string
		permissions []ObjectPermission
		device, tag Decision
	}{
		{"nothing", nil, Deny, Deny},
		{"a namespace", []ObjectPermission{{Namespace: "Dcim", Name: "*", Action: ActionAny, Decision: AllowOther}}, AllowOther, Deny},
		{"all but one kind", []ObjectPermission{everything, {Namespace: "Dcim", Name: "Device", Action: ActionAny, Decision: Deny}}, Deny, AllowAll},
		{"a kind overrides a broader one", []ObjectPermission{everything, {Namespace: "Dcim", Name: "Device", Action: ActionAny, Decision: AllowDefault}}, AllowDefault, AllowAll},
		{
			"two that are alike add up",
			[]ObjectPermission{{Namespace: "*", Name: "*", Action: ActionUpdate, Decision: AllowDefault}, {Namespace: "*", Name: "*", Action: ActionUpdate, Decision: AllowOther}},
			AllowAll, AllowAll,
		},
		{
			"to deny does not undo what is as specific",
			[]ObjectPermission{{Namespace: "*", Name: "*", Action: ActionUpdate, Decision: AllowOther}, {Namespace: "*", Name: "*", Action: ActionAny, Decision: Deny}},
			AllowOther, AllowOther,
		},
		{"another action", []ObjectPermission{{Namespace: "*", Name: "*", Action: ActionView, Decision: AllowAll}}, Deny, Deny},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &Permissions{Object: test.permissions}
			if got := [2]Decision{p.granting(device, ActionUpdate), p.granting(tag, ActionUpdate)}; got != [2]Decision{test.device, test.tag} {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestGlobalPermissions(t *testing.T) {
	tests := []struct {
		name   string
		global []GlobalPermission
		want   bool
	}{
		{"nothing", nil, false},
		{"granted", []GlobalPermission{{Action: MergeBranch, Decision: AllowAll}}, true},
		{"granted for other branches counts for all", []GlobalPermission{{Action: MergeBranch, Decision: AllowOther}}, true},
		{"denied once", []GlobalPermission{{Action: MergeBranch, Decision: AllowAll}, {Action: MergeBranch, Decision: Deny}}, false},
		{"another", []GlobalPermission{{Action: RebaseBranch, Decision: AllowAll}}, false},
		{"everything", []GlobalPermission{{Action: SuperAdmin, Decision: AllowAll}}, true},
		{"everything beats a denial", []GlobalPermission{{Action: SuperAdmin, Decision: AllowAll}, {Action: MergeBranch, Decision: Deny}}, true},
		{"everything denied", []GlobalPermission{{Action: SuperAdmin, Decision: Deny}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := (&Permissions{Global: test.global}).MayGlobal(MergeBranch); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestWhatCallersAreToldTheyLack(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{})
	engineer, reader := w.as(t, g, "engineer"), w.as(t, g, "reader")
	device, tag, account := w.model.Kind("DcimDevice"), w.model.Kind("BuiltinTag"), w.model.Kind("CoreAccount")
	tests := []struct {
		name string
		err  error
		want want
	}{
		{"a right with a sentence of its own", engineer.NeedGlobal(DeleteBranch, "main"), denied("You are not allowed to delete a branch you did not create")},
		{"a right without one, on a branch", engineer.NeedGlobal(OverrideContext, "other"), denied("You do not have the following permission: global:override_context:allow_other")},
		{"a right without one, on the default branch", engineer.NeedGlobal(OverrideContext, "main"), denied("You do not have the following permission: global:override_context:allow_default")},
		{"a right that is there", w.as(t, g, "admin").NeedGlobal(OverrideContext, "main"), want{}},
		{"a kind", reader.NeedObject(device, ActionUpdate, "other"), denied("You do not have the following permission: object:Dcim:Device:update:allow_other")},
		{"several actions", reader.NeedObjects(device, "main", ActionCreate, ActionUpdate), denied("You do not have one of the following permissions: object:Dcim:Device:create:allow_default | object:Dcim:Device:update:allow_default")},
		{
			"several kinds", reader.NeedUpdates("other", device, tag, device),
			denied("You do not have one of the following permissions: object:Builtin:Tag:update:allow_other | object:Dcim:Device:update:allow_other"),
		},
		{
			"accounts", engineer.NeedUpdates("other", account, tag),
			denied("You do not have one of the following permissions: object:Builtin:Tag:update:allow_other | global:manage_accounts:allow_other"),
		},
		{"several kinds that are granted", engineer.NeedUpdates("other", device, tag), want{}},
		{"one who may do everything", Root("", "").NeedUpdates("main", device, account), want{}},
		{"one of whom nothing is known", (&Caller{ID: "x"}).NeedObject(device, ActionView, "main"), denied("You do not have the following permission: object:Dcim:Device:view:allow_other")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.want.check(t, test.err) })
	}
	if !engineer.MayObject(device, ActionDelete, "other") || engineer.MayObject(device, ActionDelete, "main") {
		t.Error("an engineer deletes devices on other branches alone")
	}
}

func TestRightsOfARequestAreThoseAtItsBeginning(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{})
	before := w.as(t, g, "admin")
	if !before.MayGlobal(ManageSchema) {
		t.Fatal("an administrator may not manage the schema")
	}
	w.write(t, func(tx *store.Tx) {
		for _, edge := range tx.View().Edges(w.ids["admin"]) {
			if edge.Role.Identifier == "group_member" {
				if err := tx.DeleteEdge(w.ids["admin"], edge.Role, edge.Peer); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
	if !before.MayGlobal(ManageSchema) || w.as(t, g, "admin").MayGlobal(ManageSchema) {
		t.Error("only later requests of one who left its group have less rights")
	}
}
