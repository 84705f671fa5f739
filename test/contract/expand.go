package contract

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`\{\{([a-z0-9-]+)\}\}`)

// expander puts the values of variables into texts. It keeps the first error.
type expander struct {
	values map[string]string
	err    error
}

func (x *expander) expandString(s string) string {
	return x.expandWith(s, func(value string) string { return value })
}

// expandTarget expands a path as it is, since names of branches may be more
// than one step, and a query escaped.
func (x *expander) expandTarget(target string) string {
	path, query, found := strings.Cut(target, "?")
	if !found {
		return x.expandString(path)
	}
	return x.expandString(path) + "?" + x.expandWith(query, url.QueryEscape)
}

func (x *expander) expandWith(s string, write func(string) string) string {
	return variable.ReplaceAllStringFunc(s, func(v string) string {
		value, ok := x.values[v[2:len(v)-2]]
		if !ok && x.err == nil {
			x.err = fmt.Errorf("%s has no value: the request that captures it failed", v)
		}
		return write(value)
	})
}

// expand returns a copy of a value for JSON with variables expanded.
func (x *expander) expand(value any) any {
	switch v := value.(type) {
	case string:
		return x.expandString(v)
	case vars:
		expanded := make(vars, len(v))
		for key, member := range v {
			expanded[key] = x.expand(member)
		}
		return expanded
	case []any:
		return expandAll(x, v)
	case []vars:
		return expandAll(x, v)
	case []string:
		return expandAll(x, v)
	default:
		return value
	}
}

func expandAll[T any](x *expander, list []T) []any {
	expanded := make([]any, len(list))
	for i, element := range list {
		expanded[i] = x.expand(element)
	}
	return expanded
}
