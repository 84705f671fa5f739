package access

import (
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"infrahub-mcp/internal/sandbox/fault"
)

func TestPermit(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{AllowAnonymous: true})
	const (
		tag     = `mutation { BuiltinTagCreate(data: {}) { ok } }`
		nobody  = ""
		lacking = "You do not have one of the following permissions: "
	)
	yes := want{}
	onDefault := denied("You are not allowed to change data in the default branch")
	noAccounts := denied("You are not allowed to manage user accounts, groups or roles")
	noPermissions := denied("You are not allowed to manage permissions")
	needed := unknown("Authentication is required to perform this operation")
	tests := []struct {
		name, account, branch, document string
		want                            want
	}{
		{"an administrator writes to the default branch", "admin", "main", tag, yes},
		{"an administrator makes an account", "admin", "main", `mutation { CoreAccountCreate(data: {}) { ok } }`, yes},

		{"anyone reads", nobody, "main", `{ DcimDevice { edges { node { name { value } } } } }`, yes},
		{"nobody unknown writes", nobody, "other", tag, needed},
		{"nobody unknown makes a branch", nobody, "main", `mutation { BranchCreate(data: {}) { ok } }`, needed},
		{"nobody unknown has tokens", nobody, "main", `{ DcimDevice { count } x: InfrahubAccountToken { count } }`, needed},
		{"nobody unknown writes by a fragment", nobody, "main", `mutation { ...F } fragment F on Mutation { BuiltinTagCreate(data: {}) { ok } }`, needed},
		{"anyone sees accounts", nobody, "main", `{ CoreAccount { edges { node { password { value } } } } }`, yes},
		{"not what roles permit", nobody, "main", `{ CoreAccountRole { edges { node { permissions { count } } } } }`, noPermissions},
		{"not which roles permit it", "engineer", "main", `{ CoreBasePermission { edges { node { roles { count } } } } }`, noPermissions},

		{"a reader reads", "reader", "main", `{ DcimDevice { edges { node { display_label } } } }`, yes},
		{"a reader writes to the default branch", "reader", "main", tag, onDefault},
		{"a reader writes to a branch", "reader", "other", tag, denied(lacking + "object:Builtin:Tag:create:allow_other")},
		{"a reader updates", "reader", "other", `mutation { DcimDeviceUpdate(data: {}) { ok } }`, denied(lacking + "object:Dcim:Device:update:allow_other")},
		{
			"a reader upserts", "reader", "other", `mutation { DcimDeviceUpsert(data: {}) { ok } }`,
			denied(lacking + "object:Dcim:Device:create:allow_other | object:Dcim:Device:update:allow_other"),
		},
		{"a reader deletes", "reader", "other", `mutation { DcimDeviceDelete(data: {}) { ok } }`, denied(lacking + "object:Dcim:Device:delete:allow_other")},
		{
			"a reader writes, and reads what it wrote", "reader", "other", `mutation { GlobalPolicyUpsert(data: {}) { ok object { display_label } } }`,
			denied(lacking + "object:Global:Policy:view:allow_other | object:Global:Policy:create:allow_other | object:Global:Policy:update:allow_other"),
		},
		{
			"a reader with two mutations", "reader", "other", `mutation { a: BuiltinTagCreate(data: {}) { ok } b: DcimDeviceDelete(data: {}) { ok } }`,
			denied(lacking + "object:Builtin:Tag:create:allow_other | object:Dcim:Device:delete:allow_other"),
		},
		{
			"a name of several words", "reader", "other", `mutation { IpamIPAddressCreate(data: {}) { ok } }`,
			denied(lacking + "object:Ipam:IPAddress:create:allow_other"),
		},
		{
			"the nodes that a mutation answers count as changed", "reader", "other", `mutation { DcimDeviceCreate(data: {}) { object { site { node { id } } } } }`,
			denied(lacking + "object:Dcim:Device:view:allow_other | object:Dcim:Device:create:allow_other | object:Location:Site:update:allow_other"),
		},
		{"a reader makes a branch", "reader", "main", `mutation { BranchCreate(data: {}) { ok } }`, yes},
		{"a reader deletes a branch, as far as is known here", "reader", "main", `mutation { BranchDelete(data: {}) { ok } }`, yes},
		{"a reader updates a diff", "reader", "main", `mutation { DiffUpdate(data: {}) { ok } }`, yes},
		{"a reader makes a branch and a tag", "reader", "main", `mutation { BranchCreate(data: {}) { ok } BuiltinTagCreate(data: {}) { ok } }`, onDefault},
		{"a reader makes a token", "reader", "main", `mutation { InfrahubAccountTokenCreate(data: {}) { ok } }`, yes},
		{"a reader joins nodes, as far as is known here", "reader", "other", `mutation { RelationshipAdd(data: {}) { ok } }`, yes},
		{"a reader takes an address from a pool", "reader", "other", `mutation { InfrahubIPAddressPoolGetResource(data: {}) { ok } }`, yes},
		{
			"a reader proposes a change", "reader", "other", `mutation { CoreProposedChangeCreate(data: {}) { ok } }`,
			denied(lacking + "object:Core:ProposedChange:create:allow_other"),
		},

		{"an engineer writes to the default branch", "engineer", "main", tag, onDefault},
		{"an engineer writes to a branch", "engineer", "other", tag, yes},
		{"an engineer writes what is outside branches", "engineer", "other", `mutation { GlobalPolicyDelete(data: {}) { ok } }`, yes},
		{"an engineer changes a branch", "engineer", "main", `mutation { BranchUpdate(data: {}) { ok } }`, onDefault},
		{"an engineer rebases a branch", "engineer", "main", `mutation { BranchRebase(data: {}) { ok } }`, denied("You are not allowed to rebase a branch")},
		{"an engineer merges a branch", "engineer", "main", `mutation { BranchMerge(data: {}) { ok } }`, onDefault},
		{"an engineer merges a branch, sent to the branch", "engineer", "other", `mutation { BranchMerge(data: {}) { ok } }`, denied("You are not allowed to merge a branch")},
		{"an engineer proposes a change on the default branch", "engineer", "main", `mutation { CoreProposedChangeCreate(data: {}) { ok } }`, onDefault},
		{"an engineer proposes a change on the branch", "engineer", "other", `mutation { CoreProposedChangeCreate(data: {}) { ok object { id state { value } } } }`, yes},
		{"an engineer merges a change on the default branch", "engineer", "main", `mutation { CoreProposedChangeMerge(data: {}) { ok } }`, onDefault},
		{"an engineer merges a change on a branch", "engineer", "other", `mutation { CoreProposedChangeMerge(data: {}) { ok } }`, yes},
		{"a reader merges a change on a branch", "reader", "other", `mutation { CoreProposedChangeMerge(data: {}) { ok } }`, yes},
		{"an engineer changes a proposal", "engineer", "other", `mutation { CoreProposedChangeUpdate(data: {}) { ok object { description { value } } } }`, yes},
		{
			"an engineer changes a proposal, and reads who reviews it", "engineer", "other",
			`mutation { CoreProposedChangeUpdate(data: {}) { ok object { reviewers { count } } } }`, noAccounts,
		},
		{"an engineer makes an account", "engineer", "other", `mutation { CoreAccountCreate(data: {}) { ok } }`, noAccounts},
		{"an engineer makes a role", "engineer", "other", `mutation { CoreAccountRoleCreate(data: {}) { ok } }`, noAccounts},
		{"an engineer makes a permission", "engineer", "other", `mutation { CoreObjectPermissionCreate(data: {}) { ok } }`, noPermissions},
		{"an engineer makes a repository", "engineer", "other", `mutation { CoreRepositoryCreate(data: {}) { ok } }`, denied("You are not allowed to manage repositories")},

		{"one without rights counts", "stranger", "main", `{ DcimDevice { count edges { node { id } } } }`, yes},
		{"one without rights reads", "stranger", "main", `{ DcimDevice { edges { node { hfid } } } }`, denied(lacking + "object:Dcim:Device:view:allow_default")},
		{
			"one without rights reads what is related", "stranger", "other", `{ DcimDevice { edges { node { site { node { name { value } } } } } } }`,
			denied(lacking + "object:Dcim:Device:view:allow_other | object:Location:Site:view:allow_other"),
		},
		{
			"one without rights reads by a fragment", "stranger", "main", `{ DcimDevice { edges { node { ...F } } } } fragment F on DcimDevice { name { value } }`,
			denied(lacking + "object:Dcim:Device:view:allow_default"),
		},
		{
			"one without rights reads a kind of a generic", "stranger", "main", `{ CoreNode { edges { node { id ... on BuiltinTag { name { value } } } } } }`,
			denied(lacking + "object:Builtin:Tag:view:allow_default"),
		},
		{
			"one without rights reads an account behind an attribute", "stranger", "main",
			`{ DcimDevice { edges { node_metadata { created_by { ... on CoreAccount { name { value } } } } } } }`,
			denied(lacking + "object:Core:Account:view:allow_default"),
		},
		{"one without rights reads its profile", "stranger", "main", `{ AccountProfile { name { value } } }`, yes},

		{
			"a fragment on what is no kind", "admin", "main", `{ DcimDevice { edges { ... on EdgedDcimDevice { node { id } } } } }`,
			want{422, fault.SchemaNotFound, "Unable to find the schema 'EdgedDcimDevice' in the registry"},
		},
		{"a fragment on the list of a kind", "admin", "main", `{ DcimDevice { ... on PaginatedDcimDevice { count } } }`, yes},
		{"a named fragment on what is no kind", "admin", "main", `{ DcimDevice { edges { ...F } } } fragment F on EdgedDcimDevice { node { id } }`, yes},
		{"a fragment without a type", "stranger", "main", `{ DcimDevice { edges { node { ... { name { value } } } } } }`, denied(lacking + "object:Dcim:Device:view:allow_default")},
		{"a fragment on the answer of a mutation", "engineer", "other", `mutation { BuiltinTagCreate(data: {}) { ... on BuiltinTagCreate { ok } } }`, yes},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			document, err := parser.ParseQuery(&ast.Source{Input: test.document})
			if err != nil {
				t.Fatal(err)
			}
			err = g.Permit(w.as(t, g, test.account), test.branch, w.model, document.Operations[0], document.Fragments)
			test.want.check(t, err)
		})
	}
}

func TestPermitWithoutAnonymousAccess(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{})
	document, err := parser.ParseQuery(&ast.Source{Input: `{ __typename }`})
	if err != nil {
		t.Fatal(err)
	}
	for account, expected := range map[string]want{
		"": unknown("Authentication is required to perform this operation"), "stranger": {},
	} {
		expected.check(t, g.Permit(w.as(t, g, account), "main", w.model, document.Operations[0], document.Fragments))
	}
}

func TestAGenericIsAllItsKinds(t *testing.T) {
	w := newWorld(t)
	g := w.gate(Options{})
	group := w.model.Kind("CoreGroup")
	document, err := parser.ParseQuery(&ast.Source{Input: `{ CoreGroup { edges { node { name { value } } } } }`})
	if err != nil {
		t.Fatal(err)
	}
	u, err := usageOf(w.model, document.Operations[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(u.kinds) != 1+len(w.model.Concrete(group)) {
		t.Errorf("%d kinds", len(u.kinds))
	}
	for _, k := range u.kinds {
		if !k.reads {
			t.Errorf("%s is not read", k.kind.Name)
		}
	}
	if err := g.Permit(w.as(t, g, "stranger"), "main", w.model, document.Operations[0], nil); err == nil {
		t.Error("one without rights reads a generic")
	}
}
