package activity

import (
	"context"
	"slices"
	"strings"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
)

const (
	// shownEvents is the number of events that InfrahubEvent shows when not asked
	// for another one, and mostEvents the greatest it can be asked for.
	shownEvents, mostEvents = 10, 50
	// ofAccounts begins the names of the events of accounts.
	ofAccounts = "infrahub.account."
)

// eventQuery answers InfrahubEvent.
type eventQuery struct {
	log       *Log
	mayManage func(*gql.Call) bool
}

func (q eventQuery) find(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	limit, err := limitOf(f.Arguments, "limit", shownEvents)
	if err != nil {
		return nil, err
	}
	if limit > mostEvents {
		return nil, fault.Invalid("The parameter 'limit' can't be above %d", mostEvents)
	}
	filter := newEventFilter(f.Arguments)
	if q.mayManage != nil && !q.mayManage(c) {
		aboutAccounts := func(name string) bool { return strings.HasPrefix(name, ofAccounts) }
		if slices.ContainsFunc(filter.names, aboutAccounts) {
			return nil, fault.Denied("You do not have the following permission: global:manage_accounts:allow_all")
		}
		filter.hideAccounts = true
	}
	offset, _ := integer(f.Arguments["offset"])

	q.log.mu.RLock()
	defer q.log.mu.RUnlock()
	items := q.log.events.newest()
	if f.Arguments["order"] == "ASC" {
		oldest := slices.Collect(items)
		slices.Reverse(oldest)
		items = slices.Values(oldest)
	}
	events, count := page(items, filter.passes, offset, limit)
	edges := make([]any, len(events))
	for i, e := range events {
		edges[i] = map[string]any{"node": e.record(q.log.base)}
	}
	return map[string]any{"count": count, "edges": edges}, nil
}

// eventFilter are the arguments of InfrahubEvent that choose. What is nil or
// empty chooses all.
type eventFilter struct {
	ids, names, branches, accounts, primary, related, parents []string
	merged, rebased                                           []string // names of branches
	level                                                     *int
	hasChildren                                               *bool
	since, until                                              time.Time
	hideAccounts                                              bool
}

func newEventFilter(arguments map[string]any) *eventFilter {
	f := &eventFilter{
		ids: listOf(arguments["ids"]), names: listOf(arguments["event_type"]), branches: listOf(arguments["branches"]),
		accounts: listOf(arguments["account__ids"]), primary: listOf(arguments["primary_node__ids"]),
		related: listOf(arguments["related_node__ids"]), parents: listOf(arguments["parent__ids"]),
		since: timeOf(arguments["since"]), until: timeOf(arguments["until"]),
	}
	if level, ok := integer(arguments["level"]); ok {
		f.level = &level
	}
	if has, ok := arguments["has_children"].(bool); ok {
		f.hasChildren = &has
	}
	own, _ := arguments["event_type_filter"].(map[string]any)
	if merged, ok := own["branch_merged"].(map[string]any); ok {
		f.names, f.merged = append(f.names, "infrahub.branch.merged"), listOf(merged["branches"])
	}
	if rebased, ok := own["branch_rebased"].(map[string]any); ok {
		f.names, f.rebased = append(f.names, "infrahub.branch.rebased"), listOf(rebased["branches"])
	}
	return f
}

func (f *eventFilter) passes(e *Event) bool {
	switch {
	case f.hideAccounts && strings.HasPrefix(e.Name, ofAccounts):
		return false
	case f.level != nil && *f.level != e.Level, f.hasChildren != nil && *f.hasChildren != e.HasChildren:
		return false
	case !f.since.IsZero() && e.At.Before(f.since), !f.until.IsZero() && e.At.After(f.until):
		return false
	case !among(f.ids, e.ID), !among(f.names, e.Name), !among(f.branches, e.Branch), !among(f.accounts, e.Account), !among(f.parents, e.Parent):
		return false
	case len(f.primary) > 0 && (e.Primary == nil || !slices.Contains(f.primary, e.Primary.ID)):
		return false
	}
	if len(f.related) > 0 && !slices.ContainsFunc(e.Related, func(n Node) bool { return slices.Contains(f.related, n.ID) }) {
		return false
	}
	about, _ := e.Data["branch_name"].(string)
	return among(slices.Concat(f.merged, f.rebased), about)
}

// timeOf reads an argument of type DateTime, the zero time when it is not given.
func timeOf(value any) time.Time {
	switch v := value.(type) {
	case time.Time:
		return v
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999", time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}
