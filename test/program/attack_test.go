package program_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/store"
	"infrahub-mcp/test/mcptest"
)

// attack is a document for mutate_graphql.
type attack struct {
	name      string
	document  string
	variables object
	verdict   verdict
}

// verdict is what becomes of an attack. None changes anything but the branch of
// its session.
type verdict int

const (
	refused    verdict = iota // by the program: nothing that changes data is sent
	byInfrahub                // sent to the branch of the session, and refused there
	allowed                   // carried out on the branch of the session
)

// targets are what attacks aim at.
type targets struct {
	device, tag, site, policy, account, accountGroup, role, permission, group, proposal string
}

// aim finds the targets of an Infrahub.
func aim(t *testing.T, i infrahub, branch string) targets {
	t.Helper()
	one := func(document string) string {
		t.Helper()
		var data map[string]struct {
			Edges []struct{ Node struct{ ID string } }
		}
		i.must(t, branch, document, nil, &data)
		for _, list := range data {
			if len(list.Edges) > 0 {
				return list.Edges[0].Node.ID
			}
		}
		t.Fatalf("there is nothing to aim at: %s", document)
		return ""
	}
	const id = ` { edges { node { id } } } }`
	found := targets{
		device: one(`{ DcimDevice(name__value: "par1-spine000")` + id), tag: one(`{ BuiltinTag(name__value: "blue")` + id),
		site: one(`{ LocationSite(name__value: "par1")` + id), policy: one(`{ GlobalPolicy(limit: 1)` + id),
		account: one(`{ CoreAccount(limit: 1)` + id), accountGroup: one(`{ CoreAccountGroup(limit: 1)` + id),
		role: one(`{ CoreAccountRole(limit: 1)` + id), permission: one(`{ CoreGlobalPermission(limit: 1)` + id),
		proposal: "18ea71a8-5722-b767-4e0e-fbea8b2b3320",
	}
	var group struct {
		Upsert struct{ Object struct{ ID string } } `json:"CoreStandardGroupUpsert"`
	}
	i.must(t, branch, `mutation { CoreStandardGroupUpsert(data: {name: {value: "attacked"}}) { object { id } } }`, nil, &group)
	found.group = group.Upsert.Object.ID
	return found
}

// attacks are documents for a session whose branch is given.
func attacks(t *testing.T, i infrahub, branch string) []attack {
	t.Helper()
	at := aim(t, i, branch)
	fill := strings.NewReplacer(
		"$DEVICE", at.device, "$TAG", at.tag, "$SITE", at.site, "$POLICY", at.policy, "$ACCOUNT", at.account, "$ACCGROUP", at.accountGroup,
		"$ROLE", at.role, "$PERM", at.permission, "$GROUP", at.group, "$PROPOSAL", at.proposal, "$BRANCH", branch, "$OTHER", dataBranchOf(t, i),
	)
	const upsert = `BuiltinTagUpsert(data: {name: {value: "attack"}}) { ok }`
	const remove = `BranchDelete(data: {name: "$OTHER"}) { ok }`
	list := []attack{
		// Branches.
		{"merging a branch", `mutation { BranchMerge(data: {name: "$BRANCH"}) { ok } }`, nil, refused},
		{"merging a branch and waiting for it", `mutation { BranchMerge(data: {name: "$BRANCH"}, wait_until_completion: true) { ok task { id } } }`, nil, refused},
		{"rebasing the default branch", `mutation { BranchRebase(data: {name: "main"}) { ok } }`, nil, refused},
		{"rebasing the branch of the session", `mutation { BranchRebase(data: {name: "$BRANCH"}) { ok } }`, nil, refused},
		{"rebasing a branch named by an escape", `mutation { BranchRebase(data: {name: "\u006dain"}) { ok } }`, nil, refused},
		{"rebasing a branch named by a block string", `mutation { BranchRebase(data: {name: """main"""}) { ok } }`, nil, refused},
		{"rebasing a branch named by a variable", `mutation($n: String!) { BranchRebase(data: {name: $n}) { ok } }`, object{"n": "main"}, refused},
		{"rebasing with the whole input in a variable", `mutation($d: BranchNameInput!) { BranchRebase(data: $d) { ok } }`, object{"d": object{"name": "main"}}, refused},
		{"rebasing with a default value", `mutation($d: BranchNameInput! = {name: "main"}) { BranchRebase(data: $d) { ok } }`, nil, refused},
		{"deleting a branch", `mutation { ` + remove + ` }`, nil, refused},
		{"deleting the default branch", `mutation { BranchDelete(data: {name: "main"}) { ok } }`, nil, refused},
		{"making a branch", `mutation { BranchCreate(data: {name: "attack"}) { ok } }`, nil, refused},
		{"describing a branch", `mutation { BranchUpdate(data: {name: "main", description: "mine"}) { ok } }`, nil, refused},
		{"validating a branch", `mutation { BranchValidate(data: {name: "$BRANCH"}) { ok } }`, nil, refused},
		{"comparing branches", `mutation { DiffUpdate(data: {branch: "$BRANCH"}) { ok } }`, nil, refused},
		{"resolving a conflict", `mutation { ResolveDiffConflict(data: {conflict_id: "x", selected_branch: DIFF_BRANCH}) { ok } }`, nil, refused},

		// Disguises.
		{"behind an alias of an allowed mutation", `mutation { BuiltinTagUpsert: ` + remove + ` }`, nil, refused},
		{"behind an alias of two underscores", `mutation { __typename: ` + remove + ` }`, nil, refused},
		{"behind an allowed mutation", `mutation { a: ` + upsert + ` b: ` + remove + ` }`, nil, refused},
		{"before an allowed mutation", `mutation { a: ` + remove + ` b: ` + upsert + ` }`, nil, refused},
		{"among a hundred allowed ones", `mutation { ` + many(100, upsert) + ` z: ` + remove + ` }`, nil, refused},
		{"at the end of a huge document", `mutation { ` + many(1200, upsert) + ` z: ` + remove + ` }`, nil, refused},
		{"in a document of more tokens than is read", `mutation { ` + many(5000, upsert) + ` }`, nil, refused},
		{"in a fragment", `mutation { ...F } fragment F on Mutation { ` + remove + ` }`, nil, refused},
		{"in a fragment beside an allowed mutation", `mutation { ` + upsert + ` ...F } fragment F on Mutation { ` + remove + ` }`, nil, refused},
		{"in a fragment in a fragment", `mutation { ...F } fragment F on Mutation { ...G } fragment G on Mutation { ` + remove + ` }`, nil, refused},
		{"in an inline fragment", `mutation { ... on Mutation { ` + remove + ` } }`, nil, refused},
		{"in an inline fragment without a type", `mutation { ... { ` + remove + ` } }`, nil, refused},
		{"in inline fragments with directives", `mutation { ... @include(if: true) { ... on Mutation @skip(if: false) { ` + remove + ` } } }`, nil, refused},
		{"in a deferred fragment", `mutation { ... @defer { ` + remove + ` } }`, nil, refused},
		{"an allowed mutation in a fragment", `mutation { ...F } fragment F on Mutation { ` + upsert + ` }`, nil, refused},
		{"with a directive that leaves it out", `mutation { BranchDelete(data: {name: "$OTHER"}) @skip(if: true) { ok } }`, nil, refused},
		{"with a directive by a variable", `mutation($x: Boolean!) { ` + upsert + ` BranchDelete(data: {name: "$OTHER"}) @include(if: $x) { ok } }`, object{"x": true}, refused},
		{"with a directive that nobody knows", `mutation { BranchDelete(data: {name: "$OTHER"}) @safe { ok } }`, nil, refused},
		{"with a directive on the operation", `mutation M @live { ` + remove + ` }`, nil, refused},
		{"behind a comment", "mutation { # BuiltinTagUpsert\n" + remove + " }", nil, refused},
		{"behind a comment that a carriage return ends", "mutation { " + upsert + " # nothing\r" + remove + "\n}", nil, refused},
		{"behind a comment and both ends of a line", "mutation {\r\n" + upsert + "\r\n# nothing\r\n" + remove + "\r\n}", nil, refused},
		{"in a comment", "mutation { " + upsert + " # " + remove + "\n}", nil, allowed},
		{"behind a line separator in a comment", "mutation { " + upsert + " # nothing\u2028" + remove + "\n}", nil, allowed},
		{"behind a next line in a comment", "mutation { " + upsert + " # nothing\u0085" + remove + "\n}", nil, allowed},
		{"behind a form feed", "mutation { " + upsert + " # nothing\f" + remove + "\n}", nil, refused},
		{"behind a null character", "mutation { " + upsert + " # nothing\x00" + remove + "\n}", nil, refused},
		{"in a text", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}, description: {value: "} ` + strings.ReplaceAll(remove, `"`, `\"`) + `"}}) { ok } }`, nil, allowed},
		{"in a block string", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}, description: {value: """ "}}) { ok } ` + remove + ` \""" """}}) { ok } }`, nil, allowed},
		{"behind a block string that ends in four quotes", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}, description: {value: """x""""}}) { ok } ` + remove + ` #"}}) { ok } }`, nil, refused},
		{"behind a block string that ends in a backslash", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}, description: {value: """x\\"""}}) { ok } ` + remove + ` }`, nil, refused},
		{"behind a byte order mark", "\ufeffmutation { " + remove + " }", nil, refused},
		{"with byte order marks between", "mutation { \ufeff " + upsert + " \ufeff" + remove + " }", nil, refused},
		{"with commas in the place of blanks", `mutation,{,` + upsert + `,,` + strings.ReplaceAll(remove, " ", ",") + `,}`, nil, refused},
		{"without blanks", `mutation{a:` + strings.ReplaceAll(upsert, " ", "") + `b:` + strings.ReplaceAll(remove, " ", "") + `}`, nil, refused},
		{"in lower case", `mutation { branchdelete(data: {name: "$OTHER"}) { ok } }`, nil, refused},
		{"in upper case", `mutation { BRANCHDELETE(data: {name: "$OTHER"}) { ok } }`, nil, refused},
		{"in snake case", `mutation { branch_delete(data: {name: "$OTHER"}) { ok } }`, nil, refused},
		{"an allowed one in lower case", `mutation { builtintagupsert(data: {name: {value: "attack"}}) { ok } }`, nil, refused},
		{"with an underscore", `mutation { BranchDelete_(data: {name: "$OTHER"}) { ok } }`, nil, refused},
		{"with a letter of another alphabet", `mutation { ВranchDelete(data: {name: "$OTHER"}) { ok } }`, nil, refused},
		{"with letters of full width", `mutation { ＢranchDelete(data: {name: "$OTHER"}) { ok } }`, nil, refused},
		{"with an escape in the name", `mutation { Branch\u0044elete(data: {name: "$OTHER"}) { ok } }`, nil, refused},
		{"with a character of no width in the name", "mutation { Branch\u200bDelete(data: {name: \"$OTHER\"}) { ok } }", nil, refused},
		{"under an operation of an innocent name", `mutation BuiltinTagUpsert { ` + remove + ` }`, nil, refused},
		{"an allowed one under the name of another", `mutation BranchDelete { ` + upsert + ` }`, nil, allowed},
		{"an operation of two", `mutation A { ` + upsert + ` } mutation B { ` + remove + ` }`, nil, refused},
		{"an operation of two allowed ones", `mutation A { ` + upsert + ` } mutation B { ` + upsert + ` }`, nil, refused},
		{"beside a query", `query A { BuiltinTag { count } } mutation B { ` + remove + ` }`, nil, refused},
		{"a query", `{ BuiltinTag { count } }`, nil, refused},
		{"a subscription", `subscription { query(name: "x", interval: 1) }`, nil, refused},
		{"a subscription with a mutation in it", `subscription { ` + remove + ` }`, nil, refused},
		{"an extension of the schema", `extend type Mutation { x: Int } mutation { ` + remove + ` }`, nil, refused},
		{"fragments alone", `fragment F on Mutation { ` + remove + ` }`, nil, refused},
		{"nothing but a type name", `mutation { __typename }`, nil, refused},
		{"introspection", `mutation { __schema { types { name } } }`, nil, refused},
		{"an empty selection", `mutation { }`, nil, refused},
		{"deep nesting of selections", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}}) ` + strings.Repeat("{ object ", 3000) + strings.Repeat("}", 3000) + ` }`, nil, refused},
		{"deep nesting of values", `mutation { BuiltinTagUpsert(data: {name: {value: ` + strings.Repeat("[", 3000) + strings.Repeat("]", 3000) + `}}) { ok } }`, nil, refused},
		{"a fragment in itself", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}}) { ...F } } fragment F on BuiltinTagUpsert { ok ...F }`, nil, byInfrahub},

		// Proposed changes.
		{"merging a proposed change", `mutation { CoreProposedChangeMerge(data: {id: "$PROPOSAL"}) { ok } }`, nil, refused},
		{"merging a proposed change behind an alias", `mutation { CoreProposedChangeUpdate: CoreProposedChangeMerge(data: {id: "$PROPOSAL"}) { ok } }`, nil, refused},
		{"merging by the state of a proposed change", `mutation { CoreProposedChangeUpdate(data: {id: "$PROPOSAL", state: {value: "merged"}}) { ok } }`, nil, refused},
		{"merging by a state in a variable", `mutation($d: CoreProposedChangeUpdateInput!) { CoreProposedChangeUpdate(data: $d) { ok } }`, object{"d": object{"id": at.proposal, "state": object{"value": "merged"}}}, refused},
		{"merging by an upsert", `mutation { CoreProposedChangeUpsert(data: {id: "$PROPOSAL", state: {value: "merged"}}) { ok } }`, nil, refused},
		{"opening a proposed change", `mutation { CoreProposedChangeCreate(data: {name: {value: "x"}, source_branch: {value: "$BRANCH"}, destination_branch: {value: "main"}}) { ok } }`, nil, refused},
		{"opening one that is merged", `mutation { CoreProposedChangeCreate(data: {name: {value: "x"}, source_branch: {value: "$BRANCH"}, destination_branch: {value: "main"}, state: {value: "merged"}}) { ok } }`, nil, refused},
		{"deleting a proposed change", `mutation { CoreProposedChangeDelete(data: {id: "$PROPOSAL"}) { ok } }`, nil, refused},
		{"approving a proposed change", `mutation { CoreProposedChangeReview(data: {id: "$PROPOSAL", decision: APPROVE}) { ok } }`, nil, refused},
		{"running its checks", `mutation { CoreProposedChangeRunCheck(data: {id: "$PROPOSAL", check_type: ALL}) { ok } }`, nil, refused},
		{"revoking an approval", `mutation { CoreProposedChangeCheckForApprovalRevoke(data: {id: "$PROPOSAL"}) { ok } }`, nil, refused},
		{"a thread of a proposed change", `mutation { CoreChangeThreadCreate(data: {change: {id: "$PROPOSAL"}}) { ok } }`, nil, refused},
		{"a comment on a proposed change", `mutation { CoreChangeCommentCreate(data: {text: {value: "LGTM"}, change: {id: "$PROPOSAL"}}) { ok } }`, nil, refused},
		{"a reviewer of a proposed change", `mutation { RelationshipAdd(data: {id: "$PROPOSAL", name: "approved_by", nodes: [{id: "$ACCOUNT"}]}) { ok } }`, nil, refused},
		{"a mutation that a later Infrahub may have", `mutation { CoreProposedChangeAutoMerge(data: {id: "$PROPOSAL"}) { ok } }`, nil, refused},

		// Accounts.
		{"the password of an account", `mutation { CoreAccountUpdate(data: {id: "$ACCOUNT", password: {value: "owned"}}) { ok } }`, nil, refused},
		{"an account", `mutation { CoreAccountCreate(data: {name: {value: "mallory"}, password: {value: "owned"}}) { ok } }`, nil, refused},
		{"an account by an upsert", `mutation { CoreAccountUpsert(data: {name: {value: "admin"}, password: {value: "owned"}}) { ok } }`, nil, refused},
		{"no account", `mutation { CoreAccountDelete(data: {id: "$ACCOUNT"}) { ok } }`, nil, refused},
		{"an account by its generic", `mutation { CoreGenericAccountUpdate(data: {id: "$ACCOUNT", password: {value: "owned"}}) { ok } }`, nil, refused},
		{"a token", `mutation { InfrahubAccountTokenCreate(data: {name: "x"}) { ok object { token { value } } } }`, nil, refused},
		{"no token", `mutation { InfrahubAccountTokenDelete(data: {id: "$TAG"}) { ok } }`, nil, refused},
		{"an account of one's own", `mutation { InfrahubAccountSelfUpdate(data: {password: "owned"}) { ok } }`, nil, refused},
		{"preferences", `mutation { InfrahubSetPreferences(data: {}) { ok } }`, nil, refused},
		{"members of a group of accounts", `mutation { CoreAccountGroupUpdate(data: {id: "$ACCGROUP", members: [{id: "$ACCOUNT"}]}) { ok } }`, nil, refused},
		{"a group of accounts by its generic", `mutation { CoreGroupUpdate(data: {id: "$ACCGROUP", members: []}) { ok } }`, nil, refused},
		{"a role", `mutation { CoreAccountRoleUpdate(data: {id: "$ROLE", permissions: []}) { ok } }`, nil, refused},
		{"a global permission", `mutation { CoreGlobalPermissionCreate(data: {action: {value: "super_admin"}, decision: {value: 6}}) { ok } }`, nil, refused},
		{"a permission on objects", `mutation { CoreObjectPermissionCreate(data: {namespace: {value: "*"}, name: {value: "*"}, action: {value: "any"}, decision: {value: 6}}) { ok } }`, nil, refused},
		{"another account as the author", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}}, context: {account: {id: "$ACCOUNT"}}) { ok } }`, nil, refused},
		{"another account as the author by a variable", `mutation($c: ContextInput) { BuiltinTagUpsert(context: $c, data: {name: {value: "attack"}}) { ok } }`, object{"c": object{"account": object{"id": at.account}}}, refused},
		{"nobody as the author", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}}, context: null) { ok } }`, nil, refused},

		// Relationships.
		{"an account into a group of accounts", `mutation { RelationshipAdd(data: {id: "$ACCGROUP", name: "members", nodes: [{id: "$ACCOUNT"}]}) { ok } }`, nil, refused},
		{"a group of accounts to an account", `mutation { RelationshipAdd(data: {id: "$ACCOUNT", name: "member_of_groups", nodes: [{id: "$ACCGROUP"}]}) { ok } }`, nil, refused},
		{"a group of accounts by hfid", `mutation { RelationshipAdd(data: {id: "$TAG", name: "member_of_groups", nodes: [{hfid: ["Super Administrators"]}]}) { ok } }`, nil, refused},
		{"a group of accounts by kind and hfid", `mutation { RelationshipAdd(data: {id: "$TAG", name: "member_of_groups", nodes: [{kind: "CoreAccountGroup", hfid: ["Super Administrators"]}]}) { ok } }`, nil, refused},
		{"a group of accounts by its name for an id", `mutation { RelationshipAdd(data: {id: "$TAG", name: "member_of_groups", nodes: [{id: "Super Administrators"}]}) { ok } }`, nil, refused},
		{"a group of accounts beside an innocent id", `mutation { RelationshipAdd(data: {id: "$TAG", name: "member_of_groups", nodes: [{id: "$GROUP", hfid: ["Super Administrators"], kind: "CoreAccountGroup"}]}) { ok } }`, nil, refused},
		{"a group of accounts to a tag", `mutation { RelationshipAdd(data: {id: "$TAG", name: "member_of_groups", nodes: [{id: "$ACCGROUP"}]}) { ok } }`, nil, refused},
		{"a group of accounts behind innocent nodes", `mutation { RelationshipAdd(data: {id: "$TAG", name: "member_of_groups", nodes: [{id: "$GROUP"}, {id: "$ACCGROUP"}]}) { ok } }`, nil, refused},
		{"an account into a group of nodes", `mutation { RelationshipAdd(data: {id: "$GROUP", name: "members", nodes: [{id: "$ACCOUNT"}]}) { ok } }`, nil, refused},
		{"one node in the place of a list", `mutation { RelationshipAdd(data: {id: "$ACCGROUP", name: "members", nodes: {id: "$ACCOUNT"}}) { ok } }`, nil, refused},
		{"an account out of a group", `mutation { RelationshipRemove(data: {id: "$ACCGROUP", name: "members", nodes: [{id: "$ACCOUNT"}]}) { ok } }`, nil, refused},
		{"a role to a group", `mutation { RelationshipAdd(data: {id: "$ACCGROUP", name: "roles", nodes: [{id: "$ROLE"}]}) { ok } }`, nil, refused},
		{"a group to a role", `mutation { RelationshipAdd(data: {id: "$ROLE", name: "groups", nodes: [{id: "$ACCGROUP"}]}) { ok } }`, nil, refused},
		{"a permission to a role", `mutation { RelationshipAdd(data: {id: "$ROLE", name: "permissions", nodes: [{id: "$PERM"}]}) { ok } }`, nil, refused},
		{"a role to a permission", `mutation { RelationshipAdd(data: {id: "$PERM", name: "roles", nodes: [{id: "$ROLE"}]}) { ok } }`, nil, refused},
		{"behind a relationship that may be changed", `mutation { a: RelationshipAdd(data: {id: "$DEVICE", name: "tags", nodes: [{id: "$TAG"}]}) { ok } b: RelationshipAdd(data: {id: "$ACCGROUP", name: "members", nodes: [{id: "$ACCOUNT"}]}) { ok } }`, nil, refused},
		{"by variables for every part", `mutation($i: String!, $n: String!, $m: [RelatedNodeInput]) { RelationshipAdd(data: {id: $i, name: $n, nodes: $m}) { ok } }`, object{"i": at.accountGroup, "n": "members", "m": []object{{"id": at.account}}}, refused},
		{"by a variable for all of it", `mutation($d: RelationshipNodesInput!) { RelationshipAdd(data: $d) { ok } }`, object{"d": object{"id": at.account, "name": "member_of_groups", "nodes": []object{{"id": at.accountGroup}}}}, refused},
		{"a relationship without a name", `mutation { RelationshipAdd(data: {id: "$DEVICE", nodes: [{id: "$TAG"}]}) { ok } }`, nil, refused},
		{"a relationship of no nodes", `mutation { RelationshipAdd(data: {id: "$DEVICE", name: "tags"}) { ok } }`, nil, refused},
		{"a relationship that is none", `mutation { RelationshipAdd(data: {id: "$DEVICE", name: "owners", nodes: [{id: "$TAG"}]}) { ok } }`, nil, refused},
		{"a relationship of an agnostic node", `mutation { RelationshipAdd(data: {id: "$POLICY", name: "member_of_groups", nodes: [{id: "$GROUP"}]}) { ok } }`, nil, refused},
		{"an agnostic node in a relationship", `mutation { RelationshipAdd(data: {id: "$GROUP", name: "members", nodes: [{id: "$POLICY"}]}) { ok } }`, nil, refused},
		{"a tag to a device", `mutation { RelationshipAdd(data: {id: "$DEVICE", name: "tags", nodes: [{id: "$TAG"}]}) { ok } }`, nil, allowed},
		{"a tag from a device", `mutation { RelationshipRemove(data: {id: "$DEVICE", name: "tags", nodes: {id: "$TAG"}}) { ok } }`, nil, allowed},

		// What lies outside branches.
		{"an agnostic node", `mutation { GlobalPolicyUpdate(data: {id: "$POLICY", text: {value: "owned"}}) { ok } }`, nil, refused},
		{"an agnostic node by an upsert", `mutation { GlobalPolicyUpsert(data: {name: {value: "change-freeze"}, text: {value: "owned"}}) { ok } }`, nil, refused},
		{"a new agnostic node", `mutation { GlobalPolicyCreate(data: {name: {value: "owned"}}) { ok } }`, nil, refused},
		{"no agnostic node", `mutation { GlobalPolicyDelete(data: {id: "$POLICY"}) { ok } }`, nil, refused},
		{"a profile of an agnostic kind", `mutation { ProfileGlobalPolicyCreate(data: {profile_name: {value: "owned"}}) { ok } }`, nil, refused},
		{"an agnostic node by another kind's update", `mutation { BuiltinTagUpdate(data: {id: "$POLICY", name: {value: "owned"}}) { ok } }`, nil, byInfrahub},
		{"an agnostic node by another kind's upsert", `mutation { BuiltinTagUpsert(data: {id: "$POLICY", name: {value: "owned"}}) { ok } }`, nil, byInfrahub},
		{"an agnostic node by another kind's delete", `mutation { BuiltinTagDelete(data: {id: "$POLICY"}) { ok } }`, nil, byInfrahub},
		{"an account by another kind's update", `mutation { BuiltinTagUpdate(data: {id: "$ACCOUNT", description: {value: "owned"}}) { ok } }`, nil, byInfrahub},
		{"an account by another kind's delete", `mutation { DcimDeviceDelete(data: {id: "$ACCOUNT"}) { ok } }`, nil, byInfrahub},
		{"any node by a generic", `mutation { CoreNodeUpdate(data: {id: "$POLICY"}) { ok } }`, nil, refused},
		{"an agnostic node into a group", `mutation { CoreStandardGroupUpdate(data: {id: "$GROUP", members: [{id: "$TAG"}]}) { ok } }`, nil, allowed},
		{"a pool of numbers", `mutation { CoreNumberPoolCreate(data: {name: {value: "x"}, node: {value: "DcimDevice"}, node_attribute: {value: "rack_position"}, start_range: {value: 1}, end_range: {value: 9}}) { ok } }`, nil, refused},
		{"a pool of addresses", `mutation { CoreIPAddressPoolUpdate(data: {hfid: ["x"], default_prefix_length: {value: 1}}) { ok } }`, nil, refused},
		{"no pool of prefixes", `mutation { CoreIPPrefixPoolDelete(data: {hfid: ["x"]}) { ok } }`, nil, refused},
		{"a pool by its generic", `mutation { CoreResourcePoolUpdate(data: {id: "$TAG"}) { ok } }`, nil, refused},
		{"a node of a guarded kind from a pool", `mutation { InfrahubIPAddressPoolGetResource(data: {id: "$TAG", address_type: "CoreAccount"}) { ok } }`, nil, refused},
		{"an agnostic node from a pool", `mutation { InfrahubIPPrefixPoolGetResource(data: {id: "$TAG", prefix_type: "GlobalPolicy"}) { ok } }`, nil, refused},
		{"a resource of what is no pool", `mutation { InfrahubIPAddressPoolGetResource(data: {id: "$TAG"}) { ok } }`, nil, byInfrahub},
		{"a number of what is no pool", `mutation { DcimDeviceUpdate(data: {id: "$DEVICE", rack_position: {from_pool: {id: "$ACCOUNT"}}}) { ok } }`, nil, byInfrahub},
		{"an address of what is no pool", `mutation { DcimDeviceUpdate(data: {id: "$DEVICE", primary_address: {from_pool: {id: "$POLICY"}}}) { ok } }`, nil, byInfrahub},

		// Repositories, code, other systems, the schema.
		{"a repository", `mutation { CoreRepositoryCreate(data: {name: {value: "x"}, location: {value: "https://evil.example/x.git"}}) { ok } }`, nil, refused},
		{"a repository to read", `mutation { CoreReadOnlyRepositoryCreate(data: {name: {value: "x"}, location: {value: "https://evil.example/x.git"}}) { ok } }`, nil, refused},
		{"a repository by its generic", `mutation { CoreGenericRepositoryUpdate(data: {id: "$TAG"}) { ok } }`, nil, refused},
		{"the processing of a repository", `mutation { InfrahubRepositoryProcess(data: {id: "$TAG"}) { ok } }`, nil, refused},
		{"the connectivity of a repository", `mutation { InfrahubRepositoryConnectivity(data: {id: "$TAG"}) { ok } }`, nil, refused},
		{"the import of a repository", `mutation { InfrahubReadOnlyRepositoryImportLastCommit(data: {id: "$TAG"}) { ok } }`, nil, refused},
		{"a credential", `mutation { CorePasswordCredentialCreate(data: {name: {value: "x"}, username: {value: "x"}, password: {value: "x"}}) { ok } }`, nil, refused},
		{"a webhook", `mutation { CoreStandardWebhookCreate(data: {name: {value: "x"}, url: {value: "https://evil.example"}, shared_key: {value: "x"}}) { ok } }`, nil, refused},
		{"a webhook of one's own", `mutation { CoreCustomWebhookCreate(data: {name: {value: "x"}, url: {value: "https://evil.example"}}) { ok } }`, nil, refused},
		{"a transformation in Python", `mutation { CoreTransformPythonCreate(data: {name: {value: "x"}}) { ok } }`, nil, refused},
		{"a transformation in Jinja", `mutation { CoreTransformJinja2Create(data: {name: {value: "x"}}) { ok } }`, nil, refused},
		{"a generator", `mutation { CoreGeneratorDefinitionCreate(data: {name: {value: "x"}}) { ok } }`, nil, refused},
		{"the run of a generator", `mutation { CoreGeneratorDefinitionRun(data: {id: "$TAG"}) { ok } }`, nil, refused},
		{"an artifact", `mutation { CoreArtifactDefinitionCreate(data: {name: {value: "x"}}) { ok } }`, nil, refused},
		{"a check", `mutation { CoreCheckDefinitionCreate(data: {name: {value: "x"}}) { ok } }`, nil, refused},
		{"a rule that triggers actions", `mutation { CoreNodeTriggerRuleCreate(data: {name: {value: "x"}}) { ok } }`, nil, refused},
		{"a task", `mutation { InfrahubTaskCancel(data: {id: "$TAG"}) { ok } }`, nil, refused},
		{"a choice of a dropdown", `mutation { SchemaDropdownAdd(data: {kind: "DcimDevice", attribute: "role", dropdown: "owned"}) { ok } }`, nil, refused},
		{"no choice of a dropdown", `mutation { SchemaDropdownRemove(data: {kind: "DcimDevice", attribute: "role", dropdown: "spine"}) { ok } }`, nil, refused},
		{"a member of an enumeration", `mutation { SchemaEnumAdd(data: {kind: "DcimPlatform", attribute: "driver", enum: "owned"}) { ok } }`, nil, refused},
		{"no member of an enumeration", `mutation { SchemaEnumRemove(data: {kind: "DcimPlatform", attribute: "driver", enum: "ssh"}) { ok } }`, nil, refused},
		{"a node of the schema", `mutation { SchemaNodeCreate(data: {name: {value: "X"}, namespace: {value: "Own"}}) { ok } }`, nil, refused},
		{"another kind for a node", `mutation { ConvertObjectType(data: {node_id: "$DEVICE", target_kind: "CoreAccount", fields_mapping: {}}) { ok } }`, nil, refused},
		{"a computed value", `mutation { InfrahubUpdateComputedAttribute(data: {id: "$DEVICE", kind: "DcimDevice", attribute: "fqdn", value: "owned"}) { ok } }`, nil, refused},
		{"a label", `mutation { InfrahubUpdateDisplayLabel(data: {id: "$DEVICE", kind: "DcimDevice", value: "owned"}) { ok } }`, nil, refused},
		{"an hfid", `mutation { InfrahubUpdateHFID(data: {id: "$DEVICE", kind: "DcimDevice", value: ["owned"]}) { ok } }`, nil, refused},
		{"the refresh of profiles", `mutation { InfrahubProfilesRefresh(data: {}) { ok } }`, nil, refused},

		// Inputs.
		{"another branch as an argument", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}}, branch: "main") { ok } }`, nil, byInfrahub},
		{"another branch in the data", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}, branch: "main"}) { ok } }`, nil, byInfrahub},
		{"data given twice", `mutation { BuiltinTagUpdate(data: {id: "$TAG", description: {value: "x"}}, data: {id: "$POLICY", description: {value: "owned"}}) { ok } }`, nil, byInfrahub},
		{"an id given twice", `mutation { RelationshipAdd(data: {id: "$ACCGROUP", id: "$DEVICE", name: "tags", nodes: [{id: "$TAG"}]}) { ok } }`, nil, byInfrahub},
		{"data that is a list", `mutation { BuiltinTagUpsert(data: [{name: {value: "attack"}}]) { ok } }`, nil, refused},
		{"data that is a text", `mutation($d: String!) { BuiltinTagUpsert(data: $d) { ok } }`, object{"d": "owned"}, refused},
		{"a variable that nobody declares", `mutation { ` + upsert + ` }`, object{"branch": "main"}, refused},
		{"a variable that is not sent", `mutation($d: BuiltinTagUpsertInput!) { BuiltinTagUpsert(data: $d) { ok } }`, nil, refused},
		{"a syntax error", `mutation { ` + upsert, nil, refused},

		// Edges on the branch to nodes that lie outside: they are reviewed with it.
		{"a group of accounts in the data of a tag", `mutation { BuiltinTagUpdate(data: {id: "$TAG", member_of_groups: [{id: "$ACCGROUP"}]}) { ok } }`, nil, allowed},
		{"accounts in the data of a group of nodes", `mutation { CoreStandardGroupUpdate(data: {id: "$GROUP", members: [{id: "$ACCOUNT"}, {id: "$POLICY"}]}) { ok } }`, nil, allowed},

		// What may be done.
		{"a tag", `mutation { ` + upsert + ` }`, nil, allowed},
		{"a tag with its data in a variable", `mutation($d: BuiltinTagUpsertInput!) { BuiltinTagUpsert(data: $d) { ok object { id } } }`, object{"d": object{"name": object{"value": "attack"}}}, allowed},
		{"a tag with its data in a default", `mutation($d: BuiltinTagUpsertInput! = {name: {value: "attack"}}) { x: BuiltinTagUpsert(data: $d) { ok } }`, nil, allowed},
		{"a tag and a fragment below it", `mutation { BuiltinTagUpsert(data: {name: {value: "attack"}}) { ...F } } fragment F on BuiltinTagUpsert { ok object { id display_label } }`, nil, allowed},
		{"a change of a tag of the default branch", `mutation { BuiltinTagUpdate(data: {id: "$TAG", description: {value: "on the branch"}}) { ok } }`, nil, allowed},
		{"a change of a device with everything at once", `mutation { a: DcimDeviceUpdate(data: {id: "$DEVICE", description: {value: "on the branch"}, tags: [{hfid: ["red"]}]}) { ok } b: BuiltinTagDelete(data: {hfid: ["green"]}) { ok } }`, nil, allowed},
		{"the deletion of a device", `mutation { DcimDeviceDelete(data: {hfid: ["ams1-spine001"]}) { ok } }`, nil, allowed},
	}
	for i := range list {
		list[i].document = fill.Replace(list[i].document)
	}
	return list
}

// many repeats a mutation under aliases.
func many(number int, mutation string) string {
	var b strings.Builder
	for i := range number {
		fmt.Fprintf(&b, "a%d: %s ", i, mutation)
	}
	return b.String()
}

// dataBranchOf returns a branch beside that of the session.
func dataBranchOf(t *testing.T, i infrahub) string {
	t.Helper()
	if i == shared.infrahub {
		return dataBranch(t)
	}
	const other = "somebody/else"
	if !strings.Contains(strings.Join(i.branchNames(t), " "), other) {
		i.must(t, "", `mutation { BranchCreate(data: {name: "`+other+`", sync_with_git: false}) { ok } }`, nil, nil)
	}
	return other
}

// Whatever the document, nothing outside the branch of the session changes.
func TestNoMutationReachesBeyondTheBranch(t *testing.T) {
	parallel(t)
	i, b := disturbed(t)
	s := newSessionAt(t, i, overStdio, mcptest.Legacy)
	branch := s.tag(t, "", shared.branches.name("attacker")).Branch
	list := attacks(t, i, branch)
	if len(list) < 120 {
		t.Errorf("there are only %d attacks", len(list))
	}
	world := observe(t, i, b, branch)
	for _, a := range list {
		t.Run(a.name, func(t *testing.T) {
			arguments := object{"query": a.document}
			if a.variables != nil {
				arguments["variables"] = a.variables
			}
			mark := s.proxy.mark()
			result, err := s.CallTool(t.Context(), "mutate_graphql", arguments)
			if err != nil {
				t.Fatal(err)
			}
			if result.IsError == (a.verdict == allowed) {
				t.Errorf("refused is %v: %.500s", result.IsError, result.Text)
			}
			sent := 0
			for _, r := range s.proxy.since(mark) {
				if r.Document != a.document {
					continue
				}
				sent++
				if r.Path != "/graphql/"+branch {
					t.Errorf("it was sent to %s", r.Path)
				}
			}
			if want := map[verdict]int{refused: 0, byInfrahub: 1, allowed: 1}[a.verdict]; sent != want {
				t.Errorf("it was sent %d times, want %d: %.500s", sent, want, result.Text)
			}
			if sent > 0 {
				world.untouched(t)
			}
		})
	}
	world.unchanged(t)
	if got := s.tag(t, "", "afterwards"); got.Branch != branch || got.Note != "" {
		t.Errorf("afterwards a write went to %s with the note %q", got.Branch, got.Note)
	}
}

// The typed tools obey the same policy.
func TestNoToolReachesBeyondTheBranch(t *testing.T) {
	parallel(t)
	i, b := disturbed(t)
	s := newSessionAt(t, i, overHTTP, mcptest.Legacy)
	branch := s.tag(t, "", shared.branches.name("attacker")).Branch
	at := aim(t, i, branch)
	other := dataBranchOf(t, i)
	data := object{"name": "owned"}
	var calls []toolCall
	for _, kind := range []string{
		"CoreAccount", "CoreGenericAccount", "CoreAccountGroup", "CoreAccountRole", "CoreGlobalPermission", "CoreObjectPermission", "CoreGroup", "CoreNode",
		"CoreProposedChange", "CoreChangeComment", "CoreRepository", "CoreReadOnlyRepository", "CorePasswordCredential", "CoreStandardWebhook", "CoreCustomWebhook",
		"CoreNumberPool", "CoreIPAddressPool", "CoreIPPrefixPool", "CoreResourcePool", "CoreTransformPython", "CoreGeneratorDefinition", "CoreArtifactDefinition",
		"CoreCheckDefinition", "CoreNodeTriggerRule", "GlobalPolicy", "ProfileGlobalPolicy", "InternalAccountToken", "InternalRefreshToken", "SchemaNode", "SchemaAttribute",
		"globalpolicy", " GlobalPolicy", "GlobalPolicy ", "GlobalPolicyUpsert(data: {}) { ok } x: BuiltinTag", "BuiltinTag(ids: [\"x\"]) { count } y: GlobalPolicy",
	} {
		calls = append(calls,
			toolCall{"node_upsert", object{"kind": kind, "data": data}},
			toolCall{"node_upsert", object{"kind": kind, "items": []object{data}}},
			toolCall{"node_upsert", object{"kind": kind, "id": at.policy, "data": data}},
			toolCall{"node_delete", object{"kind": kind, "id": at.policy}},
			toolCall{"node_delete", object{"kind": kind, "hfid": []string{"change-freeze"}}},
		)
	}
	for _, id := range []string{at.policy, at.account, at.accountGroup, at.role} {
		for _, kind := range []string{"BuiltinTag", "DcimDevice", "LocationGeneric", "CoreStandardGroup"} {
			calls = append(calls, toolCall{"node_upsert", object{"kind": kind, "id": id, "data": object{"description": "owned"}}}, toolCall{"node_delete", object{"kind": kind, "id": id}})
		}
	}
	for _, name := range []string{
		"main", "main ", " main", "MAIN", "Main", "main\n", "main\t", "main\u200b", "main\u0000", "mаin", "./main", "../main", "main/", "/main", "main//", "main/.", "main?x=1", "main#", "main%20", "%6dain",
		"mcp/../main", "../graphql/main", "mcp/session-20200101-00000000/../../main", "..", ".", "-global-", other, "mcp/session-20200101-ABCDEF01", "mcp/session-2020-00000000",
		"mcp/session-20200101-000000000", "mcp/session-20200101-00000000\nmain", "mcp/session-20200101-00000000 main", strings.Repeat("m", 300), "no-such-branch",
	} {
		calls = append(calls,
			toolCall{"node_upsert", object{"kind": "BuiltinTag", "data": data, "branch": name}},
			toolCall{"node_delete", object{"kind": "BuiltinTag", "hfid": "blue", "branch": name}},
			toolCall{"mutate_graphql", object{"query": `mutation { BuiltinTagUpsert(data: {name: {value: "owned"}}) { ok } }`, "branch": name}},
			toolCall{"propose_changes", object{"title": "owned", "branch": name}},
		)
		if name != other {
			calls = append(calls, toolCall{"reset_session_branch", object{"branch": name}})
		}
	}
	calls = append(calls,
		toolCall{"node_delete", object{"kind": "IpamIPAddress", "hfid": []string{"10.1.0.1/32"}}},
		toolCall{"node_delete", object{"kind": "BuiltinIPAddress", "hfid": []string{""}}},
		toolCall{"node_delete", object{"kind": "CoreNode", "hfid": []string{""}}},
		toolCall{"node_delete", object{"kind": "BuiltinTag", "hfid": []string{}}},
		toolCall{"node_delete", object{"kind": "BuiltinTag", "id": ""}},
		toolCall{"node_delete", object{"kind": "BuiltinTag", "id": "blue"}},
		toolCall{"node_upsert", object{"kind": "BuiltinTag", "data": object{"name": "owned", "id": at.policy}}},
		toolCall{"node_upsert", object{"kind": "BuiltinTag", "data": object{"name": "owned", "__typename": "GlobalPolicy"}}},
		toolCall{"node_upsert", object{"kind": "BuiltinTag", "data": object{"name": "owned", "context": object{"account": object{"id": at.account}}}}},
		toolCall{"node_upsert", object{"kind": "DcimDevice", "hfid": "par1-spine000", "data": object{"rack_position": object{"from_pool": at.account}}}},
		toolCall{"node_upsert", object{"kind": "DcimDevice", "hfid": "par1-spine000", "data": object{"primary_address": object{"from_pool": object{"id": at.policy, "data": object{}}}}}},
		toolCall{"propose_changes", object{"title": "owned", "destination_branch": "no-such-branch"}},
	)
	world := observe(t, i, b, branch)
	for _, c := range calls {
		mark := s.proxy.mark()
		result, err := s.CallTool(t.Context(), c.tool, c.arguments)
		if err != nil || !result.IsError {
			t.Errorf("%s %.300s is not refused: %v %.300s", c.tool, show(c.arguments), err, result.Text)
		}
		sent := slices.DeleteFunc(s.proxy.since(mark), func(r upstreamRequest) bool { return !strings.Contains(r.Document, "mutation") })
		for _, r := range sent {
			if r.Path != "/graphql/"+branch {
				t.Errorf("%s %.300s was sent: %v", c.tool, show(c.arguments), r)
			}
		}
		if len(sent) > 0 {
			world.untouched(t)
		}
	}
	world.unchanged(t)
	if got := s.tag(t, "", "afterwards"); got.Branch != branch || got.Note != "" {
		t.Errorf("afterwards a write went to %s with the note %q", got.Branch, got.Note)
	}
	t.Logf("%d calls", len(calls))
}

// A node may take along what lies outside branches when it is deleted.
func TestDeletesTakeNothingAlongThatLiesOutside(t *testing.T) {
	parallel(t)
	if !shared.sandbox {
		t.Skip("it takes a schema on the default branch")
	}
	b := newBox(t)
	text := func(name string, more object) object {
		attribute := object{"name": name, "kind": "Text", "optional": true}
		maps.Copy(attribute, more)
		return attribute
	}
	named := func(name string, more object) object {
		kind := object{"name": name, "namespace": "Outside", "human_friendly_id": []string{"name__value"}, "display_label": "{{ name__value }}"}
		maps.Copy(kind, more)
		return kind
	}
	unique := object{"unique": true, "optional": false}
	parent := func(of, identifier string) []any {
		return []any{object{"name": "parent", "peer": "Outside" + of, "kind": "Parent", "cardinality": "one", "optional": false, "identifier": identifier}}
	}
	components := func(peer, identifier string) []any {
		return []any{object{"name": "parts", "peer": "Outside" + peer, "kind": "Component", "cardinality": "many", "optional": true, "identifier": identifier, "on_delete": "cascade"}}
	}
	if err := b.load(t.Context(), "main", object{"version": "1.0", "nodes": []any{
		named("Serial", object{"attributes": []any{text("name", unique), text("serial", object{"branch": "agnostic"})}}),
		named("Asset", object{"attributes": []any{text("name", unique)}, "relationships": components("Card", "asset__card")}),
		named("Card", object{"attributes": []any{text("name", unique)}, "relationships": append(parent("Asset", "asset__card"), components("License", "card__license")...)}),
		named("License", object{"branch": "agnostic", "attributes": []any{text("name", unique)}, "relationships": parent("Card", "card__license")}),
	}}); err != nil {
		t.Fatal(err)
	}
	for _, document := range []string{
		`mutation { OutsideSerialCreate(data: {name: {value: "serial"}, serial: {value: "S1"}}) { ok } }`,
		`mutation { OutsideAssetCreate(data: {name: {value: "asset"}}) { ok } }`,
		`mutation { OutsideCardCreate(data: {name: {value: "card"}, parent: {hfid: ["asset"]}}) { ok } }`,
		`mutation { OutsideLicenseCreate(data: {name: {value: "license"}, parent: {hfid: ["card"]}}) { ok } }`,
	} {
		b.must(t, "", document, nil, nil)
	}
	s := newSessionAt(t, b.infrahub, overStdio, mcptest.Legacy)
	world := observe(t, b.infrahub, b, s.tag(t, "", "deleter").Branch)
	for kind, hfid := range map[string]string{"OutsideSerial": "serial", "OutsideAsset": "asset", "OutsideCard": "card", "OutsideLicense": "license"} {
		for _, c := range []toolCall{
			{"node_delete", object{"kind": kind, "hfid": hfid}},
			{"mutate_graphql", object{"query": `mutation { ` + kind + `Delete(data: {hfid: ["` + hfid + `"]}) { ok } }`}},
		} {
			if text := s.refused(t, c.tool, c.arguments); !strings.Contains(text, "INFRAHUB_MCP_ALLOW_AGNOSTIC_WRITES") {
				t.Errorf("%s of %s: %s", c.tool, kind, text)
			}
		}
	}
	world.unchanged(t)
}

// world is everything outside one branch: the data of the other branches, which
// holds what lies outside branches as well, and the branches with their states.
type world struct {
	infrahub infrahub
	box      *box
	apart    string // the branch that may change
	before   map[string]string
	glimpse  []any // of a box
}

// observe takes down how the world is.
func observe(t *testing.T, i infrahub, b *box, apart string) *world {
	t.Helper()
	w := &world{infrahub: i, box: b, apart: apart}
	w.before = w.state(t)
	if b != nil {
		w.glimpse = b.glance(t, apart)
	}
	if len(w.before) < 400 {
		t.Fatalf("only %d things are observed", len(w.before))
	}
	return w
}

// unchanged fails when anything has changed since.
func (w *world) unchanged(t *testing.T) {
	t.Helper()
	now := w.state(t)
	if diff := cmp.Diff(w.before, now); diff != "" {
		t.Errorf("the world has changed (-was +is):\n%.2000s", diff)
		w.before = now // so that what comes after is not blamed
	}
}

// untouched is unchanged for after each call. It looks at when and by whom the
// nodes of a box were last changed, and at nothing of a real Infrahub, which would
// take long.
func (w *world) untouched(t *testing.T) {
	t.Helper()
	if w.box == nil {
		return
	}
	now := w.box.glance(t, w.apart)
	if diff := cmp.Diff(w.glimpse, now); diff != "" {
		t.Errorf("the world has changed (-was +is):\n%.2000s", diff)
		w.glimpse = now // so that what comes after is not blamed
	}
}

func (w *world) state(t *testing.T) map[string]string {
	t.Helper()
	if w.box != nil {
		return w.box.state(t, w.apart)
	}
	return w.infrahub.state(t, w.apart)
}

// state reads every fact past the API.
func (b *box) state(t *testing.T, apart string) map[string]string {
	t.Helper()
	state := map[string]string{}
	note := func(name string, value any) {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		state[name] = string(raw)
	}
	b.look(t, apart, func(branch store.Branch, view *store.View, all []store.Node) {
		note("branch "+branch.Name, branch)
		for _, node := range all {
			note(strings.Join([]string{branch.Name, node.Kind, node.ID}, " "), []any{node, view.Attributes(node.ID), view.Edges(node.ID)})
		}
	})
	return state
}

// glance reads the branches and the nodes, not what is in them.
func (b *box) glance(t *testing.T, apart string) []any {
	t.Helper()
	var seen []any
	b.look(t, apart, func(branch store.Branch, _ *store.View, all []store.Node) { seen = append(seen, branch, all) })
	return seen
}

// look goes through the branches save for one.
func (b *box) look(t *testing.T, apart string, do func(branch store.Branch, view *store.View, all []store.Node)) {
	t.Helper()
	for _, branch := range b.Base().Store.Branches() {
		if branch.Name == apart {
			continue
		}
		view, err := b.Base().Store.View(branch.Name, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := b.Base().Model(branch.Name)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, kind := range m.Kinds() {
			kinds = append(kinds, kind.Name)
		}
		do(branch, view, view.Nodes(kinds...))
	}
}

// state reads everything that Infrahub tells of the default branch.
func (i infrahub) state(t *testing.T, apart string) map[string]string {
	t.Helper()
	state := map[string]string{}
	note := func(name string, value any) {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		state[name] = string(raw)
	}
	var branches struct {
		Branch []struct{ ID, Name, Status, Description string }
	}
	i.must(t, "", `{ Branch { id name status description } }`, nil, &branches)
	for _, b := range branches.Branch {
		if b.Name == "main" || b.Name == dataBranchOf(t, i) {
			note("branch "+b.Name, b)
		}
	}
	raw, err := i.send(t.Context(), "GET", "/api/schema", nil)
	if err != nil {
		t.Fatal(err)
	}
	type field struct{ Name, Cardinality, Kind string }
	type kind struct {
		Namespace, Name           string
		Attributes, Relationships []field
	}
	schema := decode[struct {
		Main            string
		Nodes, Profiles []kind
	}](t, raw)
	note("schema", schema.Main)
	for _, k := range append(schema.Nodes, schema.Profiles...) {
		name := k.Namespace + k.Name
		var fields strings.Builder
		for _, a := range k.Attributes {
			fmt.Fprintf(&fields, " %s { value is_default updated_at }", a.Name)
		}
		for _, r := range k.Relationships {
			switch {
			case r.Name == "related_nodes" || r.Kind == "Hierarchy":
			case r.Cardinality == "one":
				fmt.Fprintf(&fields, " %s { node { id } }", r.Name)
			default:
				fmt.Fprintf(&fields, " %s { edges { node { id } } }", r.Name)
			}
		}
		var found map[string]struct {
			Edges []struct{ Node map[string]any }
		}
		if err := i.query(t.Context(), "", "{ "+name+" { edges { node { id"+fields.String()+" } } } }", nil, &found); err != nil {
			if strings.Contains(err.Error(), "Cannot query field") {
				continue // a kind that GraphQL does not show
			}
			t.Fatalf("reading all of %s: %v", name, err)
		}
		for _, edge := range found[name].Edges {
			note(fmt.Sprintf("%s %v", name, edge.Node["id"]), edge.Node)
		}
	}
	return state
}
