package activity_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/activity"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

const account = "18ea0000-0000-4000-8000-00000000acc0"

// in is an input or an argument.
type in = map[string]any

func val(value any) in { return in{"value": value} }

// watched is a base with the demo model whose changes a log records.
type watched struct {
	base *nodes.Base
	log  *activity.Log
}

func newWatched(t testing.TB, o activity.Options) *watched {
	t.Helper()
	core, err := model.Core()
	if err != nil {
		t.Fatal(err)
	}
	base := nodes.NewBase(core, store.Options{})
	request, err := model.DemoRequest()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := base.Load("main", request); err != nil {
		t.Fatal(err)
	}
	log := activity.New(base, o)
	base.Observers = append(base.Observers, log.Commit)
	return &watched{base, log}
}

func (w *watched) create(t testing.TB, kind string, data in) string {
	t.Helper()
	var id string
	if err := w.base.Write("main", account, func(tx *nodes.Writer) error {
		n, err := tx.Create(tx.Model.Kind(kind), data)
		if err == nil {
			id = n.ID
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *watched) update(t testing.TB, kind string, data in) {
	t.Helper()
	if err := w.base.Write("main", account, func(tx *nodes.Writer) error {
		_, err := tx.Update(tx.Model.Kind(kind), data)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// ask resolves a field, as somebody who may manage accounts or not.
func (w *watched) ask(t testing.TB, field string, arguments in, manager bool) (in, error) {
	t.Helper()
	fields := gql.Merge(activity.Queries(w.log, func(*gql.Call) bool { return manager }), activity.Mutations(w.log))
	resolve, ok := fields[field]
	if !ok {
		t.Fatalf("there is no field %s", field)
	}
	call := &gql.Call{Base: w.base, Branch: "main", Caller: access.Root(account, "admin")}
	answer, err := resolve(t.Context(), call, exec.Field{Arguments: arguments})
	members, _ := answer.(map[string]any)
	return members, err
}

func (w *watched) nodes(t testing.TB, field string, arguments in) []in {
	t.Helper()
	answer, err := w.ask(t, field, arguments, true)
	if err != nil {
		t.Fatal(err)
	}
	edges, _ := answer["edges"].([]any)
	list := make([]in, len(edges))
	for i, edge := range edges {
		wrapped, _ := edge.(map[string]any)
		list[i], _ = wrapped["node"].(map[string]any)
	}
	return list
}

// column is one field of several nodes.
func column(list []in, field string) []any {
	values := make([]any, len(list))
	for i, n := range list {
		values[i] = n[field]
	}
	return values
}

func TestTasksAreFound(t *testing.T) {
	w := newWatched(t, activity.Options{})
	related := activity.Node{ID: "18ea0000-0000-4000-8000-000000000001", Kind: "CoreProposedChange"}
	first := w.log.Task(activity.Task{Title: "Create branch a", Workflow: "create-branch", Branch: "a"})
	w.log.Task(activity.Task{Title: "Merge branch a", Workflow: "branch-merge", Branch: "a", State: activity.Failed, Related: []activity.Node{related}})
	w.log.Task(activity.Task{Title: "Rebase branch b", Workflow: "branch-rebase", Branch: "b", State: activity.Running, ChangesData: true})
	for i := range 12 {
		w.log.Task(activity.Task{Title: fmt.Sprint("Diff ", i), Workflow: "diff-update", Branch: "c"})
	}
	for _, test := range []struct {
		name      string
		arguments in
		want      []any
		count     int
	}{
		{"those of a branch, the newest first", in{"branch": "a"}, []any{"Merge branch a", "Create branch a"}, 2},
		{"one by its id", in{"ids": []any{first}}, []any{"Create branch a"}, 1},
		{"none by an unknown id", in{"ids": []any{related.ID}}, []any{}, 0},
		{"those in a state", in{"state": []any{"FAILED", "CRASHED"}}, []any{"Merge branch a"}, 1},
		{"those of a workflow", in{"workflow": []any{"branch-rebase"}}, []any{"Rebase branch b"}, 1},
		{"those about a node", in{"related_node__ids": []any{related.ID}}, []any{"Merge branch a"}, 1},
		{"those with a text in the title", in{"q": "create BRANCH"}, []any{"Create branch a"}, 1},
		{"a page of them", in{"branch": "c", "limit": int64(2), "offset": int64(1)}, []any{"Diff 10", "Diff 9"}, 12},
		{"no rows with a limit of nothing", in{"branch": "a", "limit": int64(0)}, []any{}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, err := w.ask(t, "InfrahubTask", test.arguments, true)
			if err != nil {
				t.Fatal(err)
			}
			if answer["count"] != test.count {
				t.Errorf("the count is %v, want %d", answer["count"], test.count)
			}
			if diff := cmp.Diff(test.want, column(w.nodes(t, "InfrahubTask", test.arguments), "title")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := len(w.nodes(t, "InfrahubTask", nil)); got != 10 {
		t.Errorf("without a limit there are %d tasks, want 10", got)
	}
	for branch, want := range map[string]int{"a": 0, "b": 1} {
		if got := len(w.nodes(t, "InfrahubTaskBranchStatus", in{"branch": branch})); got != want {
			t.Errorf("%d tasks run on branch %s, want %d", got, branch, want)
		}
	}
}

func TestATaskTellsWhatItDid(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	w := newWatched(t, activity.Options{Clock: func() time.Time { return now }})
	id := w.log.Task(activity.Task{Title: "Merge branch a", Workflow: "branch-merge", Branch: "a", State: activity.Running})
	now = now.Add(time.Second)
	w.log.Finish(id, errors.New("no way"), activity.Line{Message: "trying", Severity: "warning"})
	w.log.Finish("18ea0000-0000-4000-8000-000000000001", nil)

	task := w.nodes(t, "InfrahubTask", in{"ids": []any{id}})[0]
	want := in{
		"__typename": "TaskNode", "id": id, "title": "Merge branch a", "conclusion": "failure", "state": "FAILED", "progress": nil,
		"workflow": "branch-merge", "branch": "a", "parameters": in{}, "related_nodes": []any{}, "available_actions": []any{}, "error": nil,
		"created_at": "2026-11-22T12:00:00.000000+00:00", "start_time": "2026-11-22T12:00:00.000001+00:00", "updated_at": "2026-11-22T12:00:01.000000+00:00",
		"related_node": nil, "related_node_kind": nil,
		"tags": []string{"infrahub.app", "infrahub.app/workflow-type/core", "infrahub.app/branch/a"},
		"logs": in{"count": 3, "edges": []any{
			in{"node": in{"message": "Beginning flow run 'Merge branch a' for flow 'branch-merge'", "severity": "info", "timestamp": "2026-11-22T12:00:00.000000+00:00"}},
			in{"node": in{"message": "trying", "severity": "warning", "timestamp": "2026-11-22T12:00:01.000000+00:00"}},
			in{"node": in{"message": "Finished in state Failed('Flow run encountered an exception: no way')", "severity": "error", "timestamp": "2026-11-22T12:00:01.000000+00:00"}},
		}},
	}
	if diff := cmp.Diff(want, task); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	logs, _ := w.nodes(t, "InfrahubTask", in{"ids": []any{id}, "log_limit": int64(1), "log_offset": int64(1)})[0]["logs"].(map[string]any)
	if logs["count"] != 1 {
		t.Errorf("one line of the log was asked for: %v", logs)
	}
}

func TestTheLogForgetsTheOldest(t *testing.T) {
	w := newWatched(t, activity.Options{Tasks: 3, Events: 2})
	for i := range 8 {
		w.log.Task(activity.Task{Title: fmt.Sprint(i)})
		w.log.Event(activity.Event{Name: fmt.Sprint(i)})
	}
	if diff := cmp.Diff([]any{"7", "6", "5"}, column(w.nodes(t, "InfrahubTask", nil), "title")); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{"6", "7"}, column(w.nodes(t, "InfrahubEvent", in{"order": "ASC"}), "event")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestWhatIsRefused(t *testing.T) {
	w := newWatched(t, activity.Options{})
	known := w.log.Task(activity.Task{Title: "x"})
	for _, test := range []struct {
		name, field string
		arguments   in
		want        string
		status      int
	}{
		{"an id that is none", "InfrahubTask", in{"ids": []any{"nope"}}, "'nope' is not a valid task id", 422},
		{"too many events", "InfrahubEvent", in{"limit": int64(51)}, "The parameter 'limit' can't be above 50", 422},
		{"the end of an unknown task", "InfrahubTaskCancel", in{"data": in{"id": "nope"}}, "This delivery is no longer available.", 422},
		{"the end of a task", "InfrahubTaskCancel", in{"data": in{"id": known}}, "Cancel is unavailable: it is not supported for this task.", 422},
		{"a task once more", "InfrahubTaskRetry", in{"data": in{"id": known}}, "Retry is unavailable: it is not supported for this task.", 422},
		{"events of accounts", "InfrahubEvent", in{"event_type": []any{"infrahub.account.logged_in"}}, "You do not have the following permission: global:manage_accounts:allow_all", 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.ask(t, test.field, test.arguments, false)
			refused, ok := errors.AsType[*fault.Error](err)
			if !ok || refused.Message != test.want || refused.Status != test.status {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestTheServerTellsOfItself(t *testing.T) {
	w := newWatched(t, activity.Options{Version: "1.11.9", DeploymentID: "18ea0000-0000-4000-8000-0000000000de"})
	info, err := w.ask(t, "InfrahubInfo", nil, true)
	if diff := cmp.Diff(in{"version": "1.11.9", "deployment_id": "18ea0000-0000-4000-8000-0000000000de"}, info); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	status, err := w.ask(t, "InfrahubStatus", nil, true)
	if diff := cmp.Diff(in{"schema_hash_synced": true}, status["summary"]); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestTheLogIsSafeForConcurrentUse(t *testing.T) {
	w := newWatched(t, activity.Options{Tasks: 5, Events: 5})
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 50 {
				id := w.log.Task(activity.Task{Title: "x", State: activity.Running})
				w.log.Finish(id, nil)
				w.log.Event(activity.Event{Name: "x"})
				if _, err := w.ask(t, "InfrahubTask", nil, true); err != nil {
					t.Error(err)
				}
				if _, err := w.ask(t, "InfrahubEvent", nil, true); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	if titles := column(w.nodes(t, "InfrahubTask", nil), "title"); !slices.Equal(titles, []any{"x", "x", "x", "x", "x"}) {
		t.Errorf("got %v", titles)
	}
}
