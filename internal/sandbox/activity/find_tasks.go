package activity

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
)

// shownTasks is the number of tasks that InfrahubTask shows when not asked for
// another one.
const shownTasks = 10

// findTasks answers InfrahubTask. Unlike that of nodes, a limit of 0 is no rows.
func (l *Log) findTasks(_ context.Context, _ *gql.Call, f exec.Field) (any, error) {
	filter, err := newTaskFilter(f.Arguments)
	if err != nil {
		return nil, err
	}
	limit, err := limitOf(f.Arguments, "limit", shownTasks)
	if err != nil {
		return nil, err
	}
	offset, _ := integer(f.Arguments["offset"])
	logOffset, _ := integer(f.Arguments["log_offset"])
	logLimit, err := limitOf(f.Arguments, "log_limit", -1)
	if err != nil {
		return nil, err
	}
	return l.listTasks(filter.passes, offset, limit, func(lines []Line) []Line {
		lines = lines[min(max(logOffset, 0), len(lines)):]
		if logLimit >= 0 {
			lines = lines[:min(logLimit, len(lines))]
		}
		return lines
	}), nil
}

// running answers InfrahubTaskBranchStatus.
func (l *Log) running(_ context.Context, _ *gql.Call, f exec.Field) (any, error) {
	branch, _ := f.Arguments["branch"].(string)
	passes := func(t *Task) bool {
		return t.State.unfinished() && t.ChangesData && (branch == "" || t.Branch == branch)
	}
	return l.listTasks(passes, 0, -1, func(lines []Line) []Line { return lines }), nil
}

func (l *Log) listTasks(passes func(*Task) bool, offset, limit int, cut func([]Line) []Line) map[string]any {
	l.mu.RLock()
	defer l.mu.RUnlock()
	tasks, count := page(l.tasks.newest(), passes, offset, limit)
	edges := make([]any, len(tasks))
	for i, t := range tasks {
		edges[i] = map[string]any{"node": t.record(cut(t.Lines))}
	}
	return map[string]any{"count": count, "edges": edges}
}

// taskFilter are the arguments of InfrahubTask that choose. What is nil or empty
// chooses all.
type taskFilter struct {
	branch, text                  string
	ids, states, workflows, nodes []string
}

func newTaskFilter(arguments map[string]any) (*taskFilter, error) {
	filter := &taskFilter{
		ids: listOf(arguments["ids"]), states: listOf(arguments["state"]), workflows: listOf(arguments["workflow"]),
		nodes: listOf(arguments["related_node__ids"]),
	}
	filter.branch, _ = arguments["branch"].(string)
	filter.text, _ = arguments["q"].(string)
	for i, id := range filter.ids {
		parsed, err := uuid.Parse(id)
		if err != nil {
			return nil, fault.Invalid("'%s' is not a valid task id", id)
		}
		filter.ids[i] = parsed.String()
	}
	return filter, nil
}

func (f *taskFilter) passes(t *Task) bool {
	if f.branch != "" && t.Branch != f.branch {
		return false
	}
	if f.text != "" && !strings.Contains(strings.ToLower(t.Title), strings.ToLower(f.text)) {
		return false
	}
	related := func(n Node) bool { return slices.Contains(f.nodes, n.ID) }
	return among(f.ids, t.ID) && among(f.states, string(t.State)) && among(f.workflows, t.Workflow) &&
		(len(f.nodes) == 0 || slices.ContainsFunc(t.Related, related))
}

// among tells whether a list that may be empty for all holds a value.
func among(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }
