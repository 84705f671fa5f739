package changes

import (
	"strings"
	"testing"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/store"
)

func TestABranchIsMerged(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	id := l.provider("work", "fresh", "")
	l.updateDiff("work")
	l.want("main", `{ OrganizationProvider { count } }`, `{"OrganizationProvider":{"count":0}}`)
	l.want("main", `mutation { BranchMerge(data: {name: "work"}, wait_until_completion: true) { ok object { name status is_default } task { id } } }`,
		`{"BranchMerge":{"ok":true,"object":{"name":"work","status":"MERGED","is_default":false},"task":null}}`)
	l.want("main", `{ OrganizationProvider { edges { node { id } node_metadata { created_by { display_label } } } } }`,
		`{"OrganizationProvider":{"edges":[{"node":{"id":"`+id+`"},"node_metadata":{"created_by":{"display_label":"Admin"}}}]}}`)
	l.want("work", `{ OrganizationProvider { count } }`, `{"OrganizationProvider":{"count":1}}`)
	l.want("main", `{ DiffTree(branch: "work") { num_added } }`, `{"DiffTree":null}`)
	l.want("main", `mutation { BranchUpdate(data: {name: "work", description: "merged"}) { ok } }`, `{"BranchUpdate":{"ok":true}}`)

	l.refuse(l.admin, "work", `mutation { OrganizationProviderDelete(data: {id: "`+id+`"}) { ok } }`, fault.BranchAlreadyMerged,
		"Branch 'work' has been merged and is read-only. No modifications are allowed.")
	l.refuse(l.admin, "main", `mutation { BranchMerge(data: {name: "work"}) { ok } }`, fault.Undefined, "Branch 'work' has already been merged")
	l.refuse(l.admin, "main", `mutation { BranchRebase(data: {name: "work"}) { ok } }`, fault.Undefined,
		"Branch 'work' has been merged and is read-only. Rebase is not allowed.")
	l.refuse(l.admin, "main", `mutation { DiffUpdate(data: {branch: "work"}, wait_until_completion: true) { ok } }`, fault.Undefined,
		"No stored diff found for terminal branch work")
	l.refuse(l.admin, "main", `mutation { `+proposing("work", "main")+` { ok } }`, fault.Undefined,
		"Cannot create proposed change: branch 'work' has been merged")
}

func TestAConflictStopsMergeAndRebase(t *testing.T) {
	l := newConflicting(t)
	l.refuse(l.admin, "main", `mutation { BranchMerge(data: {name: "work"}) { ok } }`, fault.Undefined,
		"Branch work contains conflicts with the default branch. Please create a Proposed Change to resolve the conflicts or manually update them before merging.")
	l.refuse(l.admin, "main", `mutation { BranchRebase(data: {name: "work"}) { ok } }`, fault.Undefined,
		"Branch work contains conflicts with the default branch that must be addressed before rebasing. Resolve these conflicts in favor of the branch,"+
			" in a proposed change or with the ResolveDiffConflict mutation, or update the data so that both branches agree: data/"+l.both+"/noc_email/value.")
	l.want("main", `{ Branch(name: "work") { status } DiffTree(branch: "work") { num_conflicts } }`, `{"Branch":[{"status":"OPEN"}],"DiffTree":{"num_conflicts":1}}`)

	// A direct merge does not heed what was chosen, a rebase does.
	l.choose("DIFF_BRANCH")
	l.refuse(l.admin, "main", `mutation { BranchMerge(data: {name: "work"}) { ok } }`, fault.Undefined,
		"Branch work contains conflicts with the default branch. Please create a Proposed Change to resolve the conflicts or manually update them before merging.")
	l.want("main", `mutation { BranchRebase(data: {name: "work"}) { ok object { status } } }`, `{"BranchRebase":{"ok":true,"object":{"status":"OPEN"}}}`)
	l.want("work", `{ OrganizationProvider(ids: ["`+l.both+`"]) { edges { node { noc_email { value } } } } }`,
		`{"OrganizationProvider":{"edges":[{"node":{"noc_email":{"value":"branch@example.com"}}}]}}`)
	l.want("main", `{ DiffTree(branch: "work") { num_added num_updated num_removed num_conflicts } }`,
		`{"DiffTree":{"num_added":1,"num_updated":1,"num_removed":1,"num_conflicts":0}}`)
	l.ask("main", `mutation { BranchMerge(data: {name: "work"}) { ok } }`)
	l.want("main", `{ OrganizationProvider { edges { node { name { value } noc_email { value } } } } }`,
		`{"OrganizationProvider":{"edges":[{"node":{"name":{"value":"both"},"noc_email":{"value":"branch@example.com"}}},`+
			`{"node":{"name":{"value":"fresh"},"noc_email":{"value":"new@example.com"}}}]}}`)
}

// choose settles the conflict.
func (c conflicting) choose(side string) {
	c.Helper()
	data := c.ask("main", `{ DiffTree(branch: "work", filters: {ids: ["`+c.both+`"]}) { nodes { attributes { conflict { uuid } } } } }`)
	id := c.path(data, "DiffTree.nodes.0.attributes.0.conflict.uuid")
	c.want("main", `mutation { ResolveDiffConflict(data: {conflict_id: "`+id+`", selected_branch: `+side+`}) { ok } }`, `{"ResolveDiffConflict":{"ok":true}}`)
	c.want("main", `{ DiffTree(branch: "work", filters: {ids: ["`+c.both+`"]}) { nodes { contains_conflict attributes { conflict { selected_branch } } } } }`,
		`{"DiffTree":{"nodes":[{"contains_conflict":true,"attributes":[{"conflict":{"selected_branch":"`+side+`"}}]}]}}`)
}

func TestANodeDeletedOnOneSideCannotBeSettled(t *testing.T) {
	l := newLab(t)
	id := l.provider("main", "one", "a@example.com")
	l.branch("work")
	l.setMail("work", id, "b@example.com")
	l.ask("main", `mutation { OrganizationProviderDelete(data: {id: "`+id+`"}) { ok } }`)
	l.updateDiff("work")
	data := l.ask("main", `{ DiffTree(branch: "work") { nodes { label conflict { uuid } } } }`)
	conflict := l.path(data, "DiffTree.nodes.0.conflict.uuid")
	l.want("main", `{ DiffTree(branch: "work") { num_conflicts nodes { num_conflicts conflict { base_branch_action diff_branch_action base_branch_value resolvable } } } }`,
		`{"DiffTree":{"num_conflicts":1,"nodes":[{"num_conflicts":1,"conflict":{"base_branch_action":"REMOVED","diff_branch_action":"UPDATED","base_branch_value":null,"resolvable":false}}]}}`)
	l.refuse(l.admin, "main", `mutation { ResolveDiffConflict(data: {conflict_id: "`+conflict+`", selected_branch: BASE_BRANCH}) { ok } }`, fault.Undefined,
		"Conflict must be resolved manually on conflicting branch(es)")
	l.refuse(l.admin, "main", `mutation { BranchRebase(data: {name: "work"}) { ok } }`, fault.Undefined,
		"Branch work contains conflicts with the default branch that must be addressed before rebasing. Update the data so that both branches agree on these conflicts: data/"+id+".")
}

func TestWhatMustBeUniqueStaysSo(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	l.provider("main", "one", "")
	id := l.provider("work", "one", "")
	const sentence = "Attribute-level 'unique' constraint violation on schema 'OrganizationProvider'. Node (one) is not compliant. The error relates to field name.value='one'."
	for _, mutation := range []string{"BranchMerge", "BranchRebase"} {
		l.refuse(l.admin, "main", `mutation { `+mutation+`(data: {name: "work"}) { ok } }`, fault.Undefined, sentence)
	}
	proposal := l.propose(l.admin, "work")
	l.want("main", `{ CoreSchemaValidator { edges { node { conclusion { value } checks { edges { node { label { value } } } } } } } }`,
		`{"CoreSchemaValidator":{"edges":[{"node":{"conclusion":{"value":"failure"},"checks":{"edges":[{"node":{"label":{"value":"`+sentence+`"}}}]}}}]}}`)
	merge := `mutation { CoreProposedChangeMerge(data: {id: "` + proposal + `"}) { ok } }`
	l.refuse(l.admin, "main", merge, fault.Undefined, "Unable to merge proposed change containing failing checks")
	l.state(proposal, "open")
	l.ask("work", `mutation { OrganizationProviderUpdate(data: {id: "`+id+`", name: {value: "two"}}) { ok } }`)
	l.ask("main", merge)
	l.want("main", `{ OrganizationProvider { count } }`, `{"OrganizationProvider":{"count":2}}`)
}

func TestARebasedBranchSeesWhatIsNew(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	l.provider("main", "new", "")
	l.want("work", `{ OrganizationProvider { count } }`, `{"OrganizationProvider":{"count":0}}`)
	before, err := l.base.Store.Branch("work")
	if err != nil {
		t.Fatal(err)
	}
	l.want("main", `mutation { BranchRebase(data: {name: "work"}) { ok object { name status } task { id } } }`,
		`{"BranchRebase":{"ok":true,"object":{"name":"work","status":"OPEN"},"task":null}}`)
	l.want("work", `{ OrganizationProvider { count } }`, `{"OrganizationProvider":{"count":1}}`)
	after, err := l.base.Store.Branch("work")
	if err != nil {
		t.Fatal(err)
	}
	if !after.BranchedFrom.After(before.BranchedFrom) {
		t.Error("the start of the branch has not moved")
	}
}

func TestAMergeTakesTheSchemaAlong(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	if _, err := l.base.Load("work", []byte(`{"schemas":[{"version":"1.0","nodes":[{"name":"Thing","namespace":"Lab","attributes":[{"name":"name","kind":"Text"}]}]}]}`)); err != nil {
		t.Fatal(err)
	}
	l.want("main", `{ Branch(name: "work") { has_schema_changes schema_differs_from_default_branch } }`,
		`{"Branch":[{"has_schema_changes":true,"schema_differs_from_default_branch":true}]}`)
	l.ask("work", `mutation { LabThingCreate(data: {name: {value: "one"}}) { ok } }`)
	l.updateDiff("work")
	l.want("main", `{ DiffTree(branch: "work") { nodes { kind label } } }`, `{"DiffTree":{"nodes":[{"kind":"LabThing","label":"`+l.label("work", "LabThing")+`"}]}}`)
	l.ask("main", `mutation { BranchMerge(data: {name: "work"}) { ok } }`)
	l.want("main", `{ LabThing { count } Branch(name: "work") { schema_differs_from_default_branch } }`,
		`{"LabThing":{"count":1},"Branch":[{"schema_differs_from_default_branch":false}]}`)
}

func (l *lab) label(branch, kind string) string {
	l.Helper()
	return l.path(l.ask(branch, `{ `+kind+` { edges { node { display_label } } } }`), kind+".edges.0.node.display_label")
}

func TestAMergeRefreshesTheDiffsOfOthers(t *testing.T) {
	l := newConflicting(t)
	l.updateDiff("work")
	l.branch("other")
	l.setMail("work", l.fresh, "newer@example.com")
	l.provider("other", "other", "")
	l.want("main", `{ DiffTree(branch: "work") { num_untracked_diff_changes } }`, `{"DiffTree":{"num_untracked_diff_changes":2}}`)
	l.ask("main", `mutation { BranchMerge(data: {name: "other"}) { ok } }`)
	l.want("main", `{ DiffTree(branch: "work") { num_untracked_base_changes num_untracked_diff_changes } }`,
		`{"DiffTree":{"num_untracked_base_changes":0,"num_untracked_diff_changes":0}}`)
	var workflows []string
	for _, task := range l.tasks {
		workflows = append(workflows, task.Workflow)
	}
	if got, want := strings.Join(workflows, " "), "create-branch diff-update create-branch branch-merge diff-update merge-branch-mutation"; got != want {
		t.Errorf("tasks: got %s, want %s", got, want)
	}
}

func TestDiffsAndChoicesAreInSnapshots(t *testing.T) {
	l := newConflicting(t)
	l.updateDiff("work")
	l.choose("BASE_BRANCH")
	var snapshot strings.Builder
	if _, err := l.base.Store.WriteTo(&snapshot); err != nil {
		t.Fatal(err)
	}
	restored, err := store.Read(strings.NewReader(snapshot.String()), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l.base.Store = restored
	l.want("main", `{ DiffTree(branch: "work", filters: {ids: ["`+l.both+`"]}) { nodes { attributes { conflict { selected_branch } } } } }`,
		`{"DiffTree":{"nodes":[{"attributes":[{"conflict":{"selected_branch":"BASE_BRANCH"}}]}]}}`)
}

func TestASchemaLoadedMeanwhileStays(t *testing.T) {
	load := func(l *lab, branch, name string) {
		t.Helper()
		body := `{"schemas":[{"version":"1.0","nodes":[{"name":"` + name + `","namespace":"Lab","attributes":[{"name":"name","kind":"Text"}]}]}]}`
		if _, err := l.base.Load(branch, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	l := newLab(t)
	l.branch("old")
	l.branch("both")
	load(l, "main", "Thing")
	load(l, "both", "Other")
	l.ask("main", `mutation { BranchMerge(data: {name: "old"}) { ok } }`)
	l.want("main", `{ LabThing { count } }`, `{"LabThing":{"count":0}}`)
	l.ask("main", `mutation { BranchMerge(data: {name: "both"}) { ok } }`)
	l.want("main", `{ LabThing { count } LabOther { count } }`, `{"LabThing":{"count":0},"LabOther":{"count":0}}`)

	l.branch("new")
	load(l, "main", "Third")
	l.ask("main", `mutation { BranchRebase(data: {name: "new"}) { ok } }`)
	l.want("new", `{ LabThird { count } }`, `{"LabThird":{"count":0}}`)
	load(l, "new", "Fourth")
	l.ask("main", `mutation { BranchMerge(data: {name: "new"}) { ok } }`)
	l.want("main", `{ LabFourth { count } LabThird { count } }`, `{"LabFourth":{"count":0},"LabThird":{"count":0}}`)
}
