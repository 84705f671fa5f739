package activity

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
)

// Queries are the fields of the type Query that a Log answers. mayManage tells
// whether the caller may manage accounts: others are not shown the events of
// accounts. When it is nil, everybody may.
func Queries(l *Log, mayManage func(*gql.Call) bool) gql.Fields {
	return gql.Fields{
		"InfrahubTask":             l.findTasks,
		"InfrahubTaskBranchStatus": l.running,
		"InfrahubEvent":            eventQuery{l, mayManage}.find,
		"InfrahubStatus":           l.status,
		"InfrahubInfo":             l.info,
	}
}

// Mutations are the fields of the type Mutation that a Log answers.
func Mutations(l *Log) gql.Fields {
	return gql.Fields{"InfrahubTaskCancel": l.refuse("Cancel"), "InfrahubTaskRetry": l.refuse("Retry")}
}

func (l *Log) info(context.Context, *gql.Call, exec.Field) (any, error) {
	return map[string]any{"version": l.options.Version, "deployment_id": l.options.DeploymentID}, nil
}

// status tells of the only worker there is: the sandbox itself.
func (l *Log) status(_ context.Context, c *gql.Call, _ exec.Field) (any, error) {
	m, err := c.Base.Model(c.Branch)
	if err != nil {
		return nil, err
	}
	worker := map[string]any{"id": l.options.DeploymentID, "active": true, "schema_hash": m.Hash()}
	return map[string]any{
		"summary": map[string]any{"schema_hash_synced": true},
		"workers": map[string]any{"edges": []any{map[string]any{"node": worker}}},
	}, nil
}

// refuse answers the mutations that act on a task. Infrahub knows them for
// deliveries of webhooks alone, of which a sandbox makes none.
func (l *Log) refuse(action string) gql.Resolve {
	return func(_ context.Context, _ *gql.Call, f exec.Field) (any, error) {
		data, _ := f.Arguments["data"].(map[string]any)
		id, _ := data["id"].(string)
		if parsed, err := uuid.Parse(id); err == nil {
			id = parsed.String()
		}
		l.mu.RLock()
		defer l.mu.RUnlock()
		for t := range l.tasks.newest() {
			if t.ID == id {
				return nil, fault.Invalid("%s is unavailable: it is not supported for this task.", action)
			}
		}
		return nil, fault.Invalid("This delivery is no longer available.")
	}
}

// limitOf reads an argument that limits a list. A negative one is refused.
func limitOf(arguments map[string]any, name string, otherwise int) (int, error) {
	limit, ok := integer(arguments[name])
	if !ok {
		return otherwise, nil
	}
	if limit < 0 {
		return 0, fault.New(http.StatusInternalServerError, "%s must not be negative", name)
	}
	return limit, nil
}

func integer(value any) (int, bool) {
	switch v := value.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	default:
		return 0, false
	}
}

// listOf reads an argument that is a list of texts, nil when it is not given.
func listOf(value any) []string {
	list, ok := value.([]any)
	if !ok {
		return nil
	}
	texts := make([]string, 0, len(list))
	for _, element := range list {
		if text, ok := element.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
