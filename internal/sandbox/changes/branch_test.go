package changes

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/store"
)

func TestBranchNames(t *testing.T) {
	for name, want := range map[string]string{
		"feature":                "",
		"a/b":                    "",
		"été":                    "",
		"50%":                    "",
		"ab":                     "invalid field name: String should have at least 3 characters",
		strings.Repeat("a", 251): "invalid field name: String should have at most 250 characters",
		"two words":              "Branch name contains invalid patterns or characters: disallowed ASCII characters/patterns",
		"a..b":                   "Branch name contains invalid patterns or characters: ..",
		"/a//b/":                 "Branch name contains invalid patterns or characters: starts with /, //, ends with /",
		"a/.b":                   "Branch name contains invalid patterns or characters: /.",
		"abc.lock":               "Branch name contains invalid patterns or characters: ends with .lock",
		"a@{b":                   "Branch name contains invalid patterns or characters: @{",
		`a\b`:                    `Branch name contains invalid patterns or characters: backslash (\)`,
		"abc.":                   "Branch name contains invalid patterns or characters: ends with .",
	} {
		got := ""
		if err := checkBranchName(name); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestABranchIsMadeChangedAndDeleted(t *testing.T) {
	l := newLab(t)
	const fields = `name description status origin_branch is_default sync_with_git graph_version has_schema_changes schema_differs_from_default_branch`
	l.want("main", `mutation { BranchCreate(data: {name: "work", description: "For a test", sync_with_git: false}) { ok object { `+fields+` } task { id } } }`,
		`{"BranchCreate":{"ok":true,"object":{"name":"work","description":"For a test","status":"OPEN","origin_branch":"main","is_default":false,`+
			`"sync_with_git":false,"graph_version":79,"has_schema_changes":false,"schema_differs_from_default_branch":false},"task":null}}`)
	l.want("main", `mutation { BranchUpdate(data: {name: "work", description: "Changed"}) { ok } }`, `{"BranchUpdate":{"ok":true}}`)
	l.want("main", `{ Branch(name: "work") { description } }`, `{"Branch":[{"description":"Changed"}]}`)
	l.want("main", `mutation { BranchValidate(data: {name: "work"}) { ok object { name } task { id } } }`,
		`{"BranchValidate":{"ok":true,"object":{"name":"work"},"task":null}}`)
	l.want("main", `mutation { BranchDelete(data: {name: "work"}, wait_until_completion: false) { ok task { id } } }`,
		`{"BranchDelete":{"ok":true,"task":{"id":"task 3"}}}`)
	l.want("main", `{ Branch(name: "work") { name } }`, `{"Branch":[]}`)
	workflows := []string{}
	for _, task := range l.tasks {
		workflows = append(workflows, task.Workflow+" "+task.Branch)
	}
	if got := strings.Join(workflows, ", "); got != "create-branch work, branch-validate work, branch-delete work" {
		t.Errorf("tasks: %s", got)
	}
}

func TestNobodyNeedsToWaitForABranch(t *testing.T) {
	l := newLab(t)
	l.want("main", `mutation { BranchCreate(data: {name: "work"}, wait_until_completion: false) { ok object { name } task { id } } }`,
		`{"BranchCreate":{"ok":true,"object":null,"task":{"id":"task 1"}}}`)
	l.want("main", `mutation { BranchCreate(data: {name: "a..b"}, background_execution: true) { ok object { name } task { id } } }`,
		`{"BranchCreate":{"ok":true,"object":null,"task":{"id":"task 2"}}}`)
	if l.tasks[1].Err == nil {
		t.Error("the task of a bad name did not fail")
	}
	l.want("main", `{ Branch { name sync_with_git } }`, `{"Branch":[{"name":"main","sync_with_git":true},{"name":"work","sync_with_git":true}]}`)
}

func TestMutationsOfBranchesThatAreRefused(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	for _, test := range []struct{ document, code, message string }{
		{`BranchCreate(data: {name: "work"})`, fault.Undefined, "The branch work already exists"},
		{`BranchCreate(data: {name: "main"})`, fault.Undefined, "The branch main already exists"},
		{`BranchCreate(data: {name: "-global-"})`, fault.Undefined, "The branch -global- already exists"},
		{`BranchCreate(data: {name: "other", origin_branch: "work"})`, fault.Undefined, "origin_branch must be 'main'"},
		{
			`BranchCreate(data: {name: "other", branched_from: "2026-01-01T00:00:00Z"})`, fault.Undefined,
			"branched_from input is deprecated and cannot be set, it will be the create time of the branch.",
		},
		{`BranchDelete(data: {name: "nowhere"})`, fault.BranchNotFound, "Branch: nowhere not found."},
		{`BranchDelete(data: {name: "main"})`, fault.Undefined, "Unable to delete main it is the default branch."},
		{`BranchUpdate(data: {name: "nowhere"})`, fault.BranchNotFound, "Branch: nowhere not found."},
		{`BranchMerge(data: {name: "nowhere"})`, fault.BranchNotFound, "Branch: nowhere not found."},
		{`BranchMerge(data: {name: "main"})`, fault.Undefined, "Unable to merge the branch 'main' into itself"},
		{`BranchRebase(data: {name: "nowhere"})`, fault.BranchNotFound, "Branch: nowhere not found."},
		{`DiffUpdate(data: {branch: "nowhere"})`, fault.BranchNotFound, "Branch: nowhere not found."},
		{`DiffUpdate(data: {branch: "work", from_time: "2026-01-01T00:00:00Z"})`, fault.Undefined, "diff with specified time range requires a name"},
		{`ResolveDiffConflict(data: {conflict_id: "nope", selected_branch: DIFF_BRANCH})`, fault.Undefined, "No conflict with id nope"},
		{
			`CoreProposedChangeCheckForApprovalRevoke(data: {})`, fault.Undefined,
			"Revoking existing approvals based on branch changes is an enterprise feature.",
		},
	} {
		l.refuse(l.admin, "main", `mutation { `+test.document+` { ok } }`, test.code, test.message)
	}
	l.refuse(l.engineer, "main", `mutation { BranchDelete(data: {name: "work"}) { ok } }`, fault.PermissionDenied,
		"You are not allowed to delete a branch you did not create")
}

func TestBranchesWithTheirMakers(t *testing.T) {
	l := newLab(t)
	l.as(l.engineer, "main", `mutation { BranchCreate(data: {name: "team/first"}) { ok } }`)
	l.branch("TEAM-second")
	l.want("main", `{ InfrahubBranch(name__value: "team/first") {
		count default_branch { name { value } description { value } }
		edges { node { name { value } status { value } is_default { value } } node_metadata { created_by { display_label } } }
	} }`, `{"InfrahubBranch":{"count":1,"default_branch":{"name":{"value":"main"},"description":{"value":"Default Branch"}},`+
		`"edges":[{"node":{"name":{"value":"team/first"},"status":{"value":"OPEN"},"is_default":{"value":false}},"node_metadata":{"created_by":{"display_label":"Engineer"}}}]}}`)
	for arguments, want := range map[string]string{
		`name__value: "team", partial_match: true`:                       "team/first TEAM-second",
		`name__value: "team"`:                                            "",
		`status__value: MERGED`:                                          "",
		`node_metadata__created_by__id: "` + l.engineer.ID + `"`:         "team/first",
		`branched_from__before: "2020-01-01T00:00:00Z"`:                  "",
		`node_metadata__created_at__after: "2020-01-01T00:00:00Z"`:       "main team/first TEAM-second",
		`ids: ["garbage"]`:                                               "",
		`order: {node_metadata: {created_at: DESC}}, limit: 2`:           "TEAM-second team/first",
		`order: {node_metadata: {created_at: ASC}}, limit: 1, offset: 1`: "team/first",
		`offset: 7`: "",
	} {
		data := l.ask("main", `{ InfrahubBranch(`+arguments+`) { edges { node { name { value } } } } }`)
		var names []string
		for _, part := range strings.Split(data, `"value":"`)[1:] {
			name, _, _ := strings.Cut(part, `"`)
			names = append(names, name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got %q, want %q", arguments, got, want)
		}
	}
	l.refuse(l.admin, "main", `{ InfrahubBranch(limit: 0) { count } }`, fault.Undefined, "limit must be >= 1")
	l.refuse(l.admin, "main", `{ InfrahubBranch(offset: -1) { count } }`, fault.Undefined, "offset must be >= 0")
}

func TestBranchesThatAreNotWritten(t *testing.T) {
	main := store.Branch{Name: "main", IsDefault: true, Status: store.StatusOpen}
	other := store.Branch{Name: "other", Status: store.StatusOpen}
	of := func(status store.Status) store.Branch { return store.Branch{Name: "b", Status: status} }
	for name, test := range map[string]struct {
		branch, beside store.Branch
		mutation       string
		code           string
	}{
		"an open one is written":                  {other, main, "BuiltinTagCreate", ""},
		"a merged one is not":                     {of(store.StatusMerged), main, "BuiltinTagCreate", fault.BranchAlreadyMerged},
		"nor is another branch made through it":   {of(store.StatusMerged), main, "BranchCreate", fault.BranchAlreadyMerged},
		"but one is deleted through it":           {of(store.StatusMerged), main, "BranchDelete", ""},
		"one that needs a rebase is not written":  {of(store.StatusNeedRebase), main, "BuiltinTagCreate", fault.BranchNeedsRebase},
		"but rebased":                             {of(store.StatusNeedRebase), main, "BranchRebase", ""},
		"one that is being merged is not written": {of(store.StatusMerging), of(store.StatusMerging), "", fault.MergeInProgress},
		"nor is the default branch meanwhile":     {main, of(store.StatusMerging), "BuiltinTagCreate", fault.MergeInProgress},
		"but branches are made":                   {main, of(store.StatusMerging), "BranchCreate", ""},
		"and others written":                      {other, of(store.StatusMerging), "BuiltinTagCreate", ""},
		"a failed merge has to be mended":         {main, of(store.StatusMergeFailed), "BuiltinTagCreate", fault.MergeRecoveryRequired},
	} {
		t.Run(name, func(t *testing.T) {
			code := ""
			if err := Writable(test.branch, test.mutation, []store.Branch{test.beside}); err != nil {
				code = err.(*fault.Error).Code //nolint:errorlint // it is one
			}
			if code != test.code {
				t.Errorf("got %q, want %q", code, test.code)
			}
		})
	}
}

func TestOperationsOnBranchesAtTheSameTime(t *testing.T) {
	l := newLab(t)
	l.server.Mutations = Mutations(func(Task) string { return "task" })
	var group errgroup.Group
	for i := range 8 {
		name := "work" + strconv.Itoa(i)
		group.Go(func() error {
			for _, document := range []string{
				`mutation { BranchCreate(data: {name: "` + name + `"}) { ok } }`,
				`mutation { DiffUpdate(data: {branch: "` + name + `"}, wait_until_completion: true) { ok } }`,
				`{ DiffTree(branch: "` + name + `") { num_added nodes { label } } InfrahubBranch { count } }`,
				`mutation { ` + proposing(name, "main") + ` { ok } }`,
				`mutation { BranchRebase(data: {name: "` + name + `"}) { ok } }`,
				`mutation { BranchMerge(data: {name: "` + name + `"}) { ok } }`,
			} {
				r, err := l.server.Execute(t.Context(), &gql.Call{Base: l.base, Branch: "main", Caller: l.admin}, exec.Request{Query: document})
				if err != nil {
					return err
				}
				if len(r.Errors) > 0 {
					return fmt.Errorf("%s: %w", document, r.Errors[0])
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	l.want("main", `{ InfrahubBranch(status__value: MERGED) { count } CoreProposedChange(state__value: "canceled") { count } }`,
		`{"InfrahubBranch":{"count":8},"CoreProposedChange":{"count":8}}`)
}
