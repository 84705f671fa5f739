package nodes

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"infrahub-mcp/internal/sandbox/fault"
)

// byMetadata reads an argument about who made or changed a node, and when.
func byMetadata(property string, value any) (filter, error) {
	what, how, _ := strings.Cut(property, "__")
	switch what {
	case "created_by":
		return byAccount(func(n *Node) string { return n.CreatedBy }, how, value)
	case "updated_by":
		return byAccount(func(n *Node) string { return n.UpdatedBy }, how, value)
	case "created_at":
		return byTime(func(n *Node) time.Time { return n.CreatedAt }, how, value)
	case "updated_at":
		return byTime(func(n *Node) time.Time { return n.UpdatedAt }, how, value)
	}
	return filter{}, unknownFilter("node_metadata__" + property)
}

func byAccount(account func(*Node) string, how string, value any) (filter, error) {
	switch how {
	case "id":
		value = []any{value}
	case "ids":
	default:
		return filter{}, unknownFilter(how)
	}
	ids := texts(value)
	return filter{cost: ofNode, passes: func(n *Node) bool { return slices.Contains(ids, account(n)) }}, nil
}

func byTime(of func(*Node) time.Time, how string, value any) (filter, error) {
	compare, ok := map[string]func(t, u time.Time) bool{
		"": time.Time.Equal, "before": time.Time.Before, "after": time.Time.After,
	}[how]
	if !ok {
		return filter{}, unknownFilter(how)
	}
	wanted, err := parseTime(value)
	if err != nil {
		return filter{}, err
	}
	return filter{cost: ofNode, passes: func(n *Node) bool { return compare(of(n), wanted) }}, nil
}

// parseTime reads a value of the scalar DateTime. Without a zone it is in UTC.
func parseTime(value any) (time.Time, error) {
	if t, ok := value.(time.Time); ok {
		return t, nil
	}
	text, _ := value.(string)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fault.New(http.StatusInternalServerError, "DateTime cannot represent value: '%s'", text)
}
