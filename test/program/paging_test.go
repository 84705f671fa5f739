package program_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/test/mcptest"
)

func TestPagesHoldEveryInterfaceOnce(t *testing.T) {
	parallel(t)
	bothTransports(t, func(t *testing.T, s *session) {
		// Interfaces have four names and one MTU, so that these leave most of
		// the order to whoever answers.
		orders := map[string][]string{
			"in the default order":                nil,
			"ordered by a field of few values":    {"name"},
			"ordered by a field of one value":     {"-mtu"},
			"ordered by a field of related nodes": {"-device.role"},
		}
		for name, order := range orders {
			t.Run(name, func(t *testing.T) {
				var whole []string
				for _, limit := range []int{100, 50, 7} {
					ids := s.pages(t, order, limit)
					if whole == nil {
						whole = ids
					}
					if diff := cmp.Diff(whole, ids); diff != "" {
						t.Errorf("pages of %d: %s", limit, diff)
					}
				}
				result, err := s.CallToolWithProgress(t.Context(), "get_nodes", object{"kind": "DcimPhysicalInterface", "order": order, "limit": -1})
				all := decode[nodes](t, s.check(t, "get_nodes", object{"limit": -1}, result, err).Structured)
				if all.Count != interfaces || all.TotalCount != interfaces || all.HasMore || all.NextOffset != nil || all.Note != "" {
					t.Errorf("all at once: %d of %d, more: %v, note %q", all.Count, all.TotalCount, all.HasMore, all.Note)
				}
				if diff := cmp.Diff(whole, ids(t, all)); diff != "" {
					t.Errorf("all at once: %s", diff)
				}
				progress(t, result.Notifications, interfaces)
			})
		}
	})
}

// pages reads all interfaces page by page, following next_offset, and checks
// that each comes once.
func (s *session) pages(t *testing.T, order []string, limit int) []string {
	t.Helper()
	var whole []string
	requests := 0
	for offset := 0; ; requests++ {
		page := s.list(t, object{"kind": "DcimPhysicalInterface", "order": order, "limit": limit, "offset": offset})
		if want := min(limit, interfaces-offset); page.Count != want || page.TotalCount != interfaces || page.Offset != offset || page.Limit != limit {
			t.Fatalf("the page at %d has %d of %d nodes (offset %d, limit %d), want %d of %d", offset, page.Count, page.TotalCount, page.Offset, page.Limit, want, interfaces)
		}
		whole = append(whole, ids(t, page)...)
		if !page.HasMore {
			break
		}
		if page.NextOffset == nil || *page.NextOffset != offset+limit {
			t.Fatalf("the page at %d goes on at %v", offset, page.NextOffset)
		}
		offset = *page.NextOffset
	}
	once(t, whole)
	return whole
}

// once checks that every interface is there once.
func once(t *testing.T, ids []string) {
	t.Helper()
	seen := map[string]int{}
	for _, id := range ids {
		seen[id]++
	}
	if len(ids) != interfaces || len(seen) != interfaces {
		t.Errorf("%d nodes came, %d different ones, want each of %d once", len(ids), len(seen), interfaces)
	}
}

func ids(t *testing.T, page nodes) []string {
	t.Helper()
	var list []string
	for _, node := range page.Nodes {
		id, _ := node["id"].(string)
		if id == "" {
			t.Fatalf("a node has no id: %v", node)
		}
		list = append(list, id)
	}
	return list
}

// progress checks that notifications grow up to a total.
func progress(t *testing.T, notifications []mcptest.Notification, total int) {
	t.Helper()
	last := -1.0
	for _, n := range notifications {
		params := decode[struct {
			Progress, Total float64
			Message         string
		}](t, n.Params)
		if n.Method != "notifications/progress" || params.Progress <= last || params.Total != float64(total) || params.Message == "" {
			t.Errorf("after %v came %s %s", last, n.Method, n.Params)
		}
		last = params.Progress
	}
	if last != float64(total) {
		t.Errorf("%d notifications led to %v of %d", len(notifications), last, total)
	}
}

func TestProgressIsReportedEveryWay(t *testing.T) {
	parallel(t)
	everyWay(t, func(t *testing.T, s *session) {
		result, err := s.CallToolWithProgress(t.Context(), "get_nodes", object{"kind": "DcimPhysicalInterface", "limit": -1})
		s.check(t, "get_nodes", object{"limit": -1}, result, err)
		progress(t, result.Notifications, interfaces)
		if result := s.must(t, "get_nodes", object{"kind": "DcimPhysicalInterface", "limit": -1}); len(result.Notifications) > 0 {
			t.Errorf("nobody asked for progress, got %v", result.Notifications)
		}
	})
}

func TestAllAtOnceStopsAtTheSizeOfAnAnswer(t *testing.T) {
	parallel(t)
	const most = 20_000
	bothTransports(t, func(t *testing.T, s *session) {
		var whole []string
		answers := 0
		for offset := 0; ; answers++ {
			result := s.must(t, "get_nodes", object{"kind": "DcimPhysicalInterface", "fields": []string{"id", "name", "description", "device", "tags"}, "limit": -1, "offset": offset})
			if len(result.Structured) > most {
				t.Errorf("the answer at %d has %d bytes", offset, len(result.Structured))
			}
			page := decode[nodes](t, result.Structured)
			if page.Count == 0 || page.TotalCount != interfaces {
				t.Fatalf("the answer at %d has %d of %d nodes", offset, page.Count, page.TotalCount)
			}
			whole = append(whole, ids(t, page)...)
			if !page.HasMore {
				break
			}
			if page.NextOffset == nil || *page.NextOffset != offset+page.Count || !strings.Contains(page.Note, fmt.Sprint(most)) {
				t.Fatalf("the answer at %d with %d nodes goes on at %v: %s", offset, page.Count, page.NextOffset, page.Note)
			}
			offset = *page.NextOffset
		}
		if answers == 0 {
			t.Error("everything fitted into one answer, so that nothing was cut")
		}
		once(t, whole)

		refusal := s.refused(t, "query_graphql", object{"query": "{ DcimPhysicalInterface { edges { node { id display_label name { value } description { value } } } } }"})
		if !strings.Contains(refusal, fmt.Sprint(most)) || !strings.Contains(refusal, "limit") {
			t.Errorf("an answer that cannot be cut: %s", refusal)
		}
	}, fmt.Sprintf("INFRAHUB_MCP_MAX_RESPONSE_BYTES=%d", most))
}

func TestOnePageOfAnySizeGivesTheSameWhole(t *testing.T) {
	parallel(t)
	for _, size := range []int{1, 33, 160, 1000} {
		t.Run(fmt.Sprintf("%d nodes in a request", size), func(t *testing.T) {
			s := newSession(t, overHTTP, mcptest.Modern, fmt.Sprintf("INFRAHUB_PAGINATION_SIZE=%d", size))
			all := s.list(t, object{"kind": "DcimDevice", "limit": -1})
			if all.Count != devices || all.TotalCount != devices || all.HasMore {
				t.Fatalf("%d of %d, more: %v", all.Count, all.TotalCount, all.HasMore)
			}
			want := s.list(t, object{"kind": "DcimDevice", "limit": 100})
			if diff := cmp.Diff(ids(t, want), ids(t, all)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// JSON may write <, > and & longer than they are.
func TestAnswersFullOfSpecialCharactersAreCutToo(t *testing.T) {
	parallel(t)
	const most, number = 20_000, 30
	s := newSession(t, overHTTP, mcptest.Modern, fmt.Sprintf("INFRAHUB_MCP_MAX_RESPONSE_BYTES=%d", most))
	branch, prefix := dataBranch(t), unique("special")
	var document strings.Builder
	for i := range number {
		fmt.Fprintf(&document, " t%d: BuiltinTagUpsert(data: {name: {value: \"%s-%d\"}, description: {value: $d}}) { ok }", i, prefix, i)
	}
	shared.infrahub.must(t, branch, "mutation($d: String!) {"+document.String()+" }", map[string]any{"d": strings.Repeat("a -> b & c <-> d; ", 50)}, nil)
	read := 0
	for offset := 0; ; {
		page := s.list(t, object{"kind": "BuiltinTag", "fields": []string{"id", "name", "description"}, "filters": object{"name__value": prefix}, "partial_match": true, "limit": -1, "offset": offset, "branch": branch})
		if page.TotalCount != number {
			t.Fatalf("there are %d tags, want %d", page.TotalCount, number)
		}
		read += page.Count
		if !page.HasMore {
			break
		}
		if page.NextOffset == nil || *page.NextOffset <= offset {
			t.Fatalf("the answer at %d goes on at %v", offset, page.NextOffset)
		}
		offset = *page.NextOffset
	}
	if read != number {
		t.Errorf("%d tags came, want %d", read, number)
	}
}
