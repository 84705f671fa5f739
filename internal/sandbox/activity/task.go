package activity

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/store"
)

// Task is a run of a workflow.
type Task struct {
	// ID is a UUID; Log.Task makes one when it is empty.
	ID string
	// Title is for people: "Create branch blue". Workflow is the name of what
	// ran: "create-branch".
	Title, Workflow string
	// Branch is the branch that the task worked on, empty for none.
	Branch string
	// State is Completed when empty.
	State State
	// ChangesData marks tasks that InfrahubTaskBranchStatus counts while they
	// run.
	ChangesData bool
	// Parameters are what the workflow was given.
	Parameters map[string]any
	// Related are the nodes that the task is about.
	Related []Node
	// Lines are what the task logged, in order.
	Lines []Line
	// CreatedAt is the time the task was asked for, that of the call of Log.Task
	// when zero. The Log sets the other times.
	CreatedAt, StartedAt, UpdatedAt time.Time
}

// Line is a line of the log of a task.
type Line struct {
	Message string
	// Severity is "info" when empty, or "debug", "warning", "error", "critical".
	Severity string
	// At is the time the Log was given the line when zero.
	At time.Time
}

// State says how far a task is.
type State string

// The states of a task.
const (
	Scheduled  State = "SCHEDULED"
	Pending    State = "PENDING"
	Running    State = "RUNNING"
	Completed  State = "COMPLETED"
	Failed     State = "FAILED"
	Cancelled  State = "CANCELLED"
	Crashed    State = "CRASHED"
	Paused     State = "PAUSED"
	Cancelling State = "CANCELLING"
)

// conclusion sums a state up.
func (s State) conclusion() string {
	switch s {
	case Completed:
		return "success"
	case Failed, Cancelled, Crashed, Cancelling:
		return "failure"
	default:
		return "unknown"
	}
}

// unfinished tells whether a task may still change data.
func (s State) unfinished() bool {
	return s == Scheduled || s == Pending || s == Running || s == Cancelling
}

// Task records a task and returns its id.
func (l *Log) Task(t Task) (id string) {
	now := l.options.Clock().UTC()
	if t.ID == "" {
		t.ID = uuid.NewString()
	}
	if t.State == "" {
		t.State = Completed
	}
	if t.CreatedAt.IsZero() {
		t.CreatedAt = now
	}
	// A worker takes a task up some time after it was made, and ends it later.
	t.StartedAt = t.CreatedAt.Add(time.Microsecond)
	t.UpdatedAt = latest(now, t.StartedAt.Add(time.Microsecond))
	lines := []Line{{Message: fmt.Sprintf("Beginning flow run '%s' for flow '%s'", t.Title, t.Workflow)}}
	lines = append(lines, t.Lines...)
	if t.State == Completed {
		lines = append(lines, Line{Message: "Finished in state Completed()"})
	}
	t.Lines = dated(lines, now)

	l.mu.Lock()
	defer l.mu.Unlock()
	l.tasks.push(&t)
	return t.ID
}

// Finish ends a task that Task has recorded as running: it completed when err
// is nil, and failed otherwise. A task that is no longer kept is no error.
func (l *Log) Finish(id string, err error, lines ...Line) {
	state := Completed
	last := Line{Message: "Finished in state Completed()"}
	if err != nil {
		state = Failed
		last = Line{Message: fmt.Sprintf("Finished in state Failed('Flow run encountered an exception: %s')", err), Severity: "error"}
	}
	now := l.options.Clock().UTC()

	l.mu.Lock()
	defer l.mu.Unlock()
	for t := range l.tasks.newest() {
		if t.ID == id {
			t.State, t.UpdatedAt = state, latest(now, t.UpdatedAt)
			t.Lines = append(t.Lines, dated(append(lines, last), now)...)
			return
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// dated fills in what lines leave open.
func dated(lines []Line, now time.Time) []Line {
	for i := range lines {
		if lines[i].At.IsZero() {
			lines[i].At = now
		}
		if lines[i].Severity == "" {
			lines[i].Severity = "info"
		}
	}
	return lines
}

// tags are the labels under which Infrahub files a task.
func (t *Task) tags() []string {
	tags := []string{"infrahub.app", "infrahub.app/workflow-type/core"}
	if t.ChangesData {
		tags = append(tags, "infrahub.app/database-change")
	}
	if t.Branch != "" {
		tags = append(tags, "infrahub.app/branch/"+t.Branch)
	}
	for _, n := range t.Related {
		tags = append(tags, "infrahub.app/node/"+n.ID)
	}
	return tags
}

// record is the task as GraphQL shows it (type TaskNode), with a part of its
// log.
func (t *Task) record(lines []Line) map[string]any {
	record := map[string]any{
		"__typename": "TaskNode",
		"id":         t.ID,
		"title":      t.Title,
		"conclusion": t.State.conclusion(),
		"state":      string(t.State),
		"progress":   nil,
		"workflow":   optional(t.Workflow),
		"branch":     optional(t.Branch),
		"created_at": t.CreatedAt.UTC().Format(store.TimeLayout),
		"updated_at": t.UpdatedAt.UTC().Format(store.TimeLayout),
		"start_time": t.StartedAt.UTC().Format(store.TimeLayout),
		"parameters": t.Parameters,
		"tags":       t.tags(),

		"related_node":      nil,
		"related_node_kind": nil,
		"related_nodes":     records(t.Related),

		"available_actions": []any{},
		"error":             nil,
	}
	if t.Parameters == nil {
		record["parameters"] = map[string]any{}
	}
	if len(t.Related) > 0 {
		record["related_node"], record["related_node_kind"] = t.Related[0].ID, t.Related[0].Kind
	}
	edges := make([]any, len(lines))
	for i, line := range lines {
		edges[i] = map[string]any{"node": map[string]any{
			"message": line.Message, "severity": line.Severity, "timestamp": line.At.Format(store.TimeLayout),
		}}
	}
	record["logs"] = map[string]any{"edges": edges, "count": len(lines)}
	return record
}
