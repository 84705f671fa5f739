// Package completion completes the arguments of prompts and of resource
// templates: kinds, branches and the human-friendly ids of nodes.
package completion

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// Most is how many values a completion may have (MCP, completion/complete).
const Most = 100

// Complete returns the values that an argument may take, those that start with
// what was typed first, and how many there are. others are the arguments given
// so far. An argument of which nothing is known has no completions.
func Complete(ctx context.Context, c *call.Call, argument, typed string, others map[string]string) (values []string, total int, err error) {
	ctx, cancel := c.Within(ctx, 0)
	defer cancel()
	var all []string
	switch argument {
	case "kind", "kind_hint":
		all, err = kinds(ctx, c)
	case "branch":
		all, err = branches(ctx, c)
	case "fields":
		return lastOf(ctx, c, typed, others)
	case "hfid":
		return nodes(ctx, c, typed, kindOf(others), others["branch"])
	}
	if err != nil {
		return nil, 0, err
	}
	values, total = Rank(all, typed)
	return values, total, nil
}

// Rank keeps the names that contain what was typed, in any case: first those
// that start with it, then those of which a word does, then the rest.
func Rank(names []string, typed string) ([]string, int) {
	wanted := strings.ToLower(typed)
	word := wanted
	if first, size := utf8.DecodeRuneInString(wanted); size > 0 {
		word = string(unicode.ToUpper(first)) + wanted[size:]
	}
	rank := func(name string) int {
		lower := strings.ToLower(name)
		switch {
		case strings.HasPrefix(lower, wanted):
			return 0
		case strings.Contains(name, word):
			return 1
		case strings.Contains(lower, wanted):
			return 2
		default:
			return 3
		}
	}
	found := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return rank(name) == 3 })
	slices.Sort(found)
	slices.SortStableFunc(found, func(a, b string) int { return rank(a) - rank(b) })
	return found[:min(len(found), Most)], len(found)
}

func kinds(ctx context.Context, c *call.Call) ([]string, error) {
	s, err := c.Schema(ctx, c.Branch(""))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, k := range s.Kinds() {
		if !k.Internal() {
			names = append(names, k.Name)
		}
	}
	return names, nil
}

func branches(ctx context.Context, c *call.Call) ([]string, error) {
	answer, err := operations.Branches(ctx, c.Client.Operations("", ""))
	if err != nil {
		return nil, fmt.Errorf("listing the branches: %w", err)
	}
	var names []string
	for _, b := range answer.Branch {
		names = append(names, b.Name)
	}
	return names, nil
}

func kindOf(others map[string]string) string {
	if kind := others["kind"]; kind != "" {
		return kind
	}
	return others["kind_hint"]
}

// lookup finds the kind that another argument names; an unknown one is no
// error here, there is just nothing to complete.
func lookup(ctx context.Context, c *call.Call, branch, name string) (*schema.Kind, error) {
	if name == "" {
		return nil, nil
	}
	s, err := c.Schema(ctx, c.Branch(branch))
	if err != nil {
		return nil, err
	}
	return s.Lookup(name), nil
}

// lastOf completes the last name in a list of field names.
func lastOf(ctx context.Context, c *call.Call, typed string, others map[string]string) ([]string, int, error) {
	kind, err := lookup(ctx, c, others["branch"], kindOf(others))
	if kind == nil || err != nil {
		return nil, 0, err
	}
	before, last := "", typed
	if i := strings.LastIndex(typed, ","); i >= 0 {
		before, last = typed[:i+1], strings.TrimSpace(typed[i+1:])
	}
	var names []string
	for i := range kind.Attributes {
		names = append(names, kind.Attributes[i].Name)
	}
	for i := range kind.Relationships {
		names = append(names, kind.Relationships[i].Name)
	}
	values, total := Rank(names, last)
	for i := range values {
		values[i] = before + values[i]
	}
	return values, total, nil
}

// nodes completes the human-friendly id of a node of a kind, as
// Kind__part__part.
func nodes(ctx context.Context, c *call.Call, typed, kindName, branch string) ([]string, int, error) {
	kind, err := lookup(ctx, c, branch, kindName)
	if kind == nil || err != nil {
		return nil, 0, err
	}
	needle := strings.TrimPrefix(typed, kind.Name+"__")
	if i := strings.LastIndex(needle, "__"); i >= 0 {
		needle = needle[i+2:]
	}
	arguments, variables := "limit: $limit", map[string]any{"limit": Most}
	declared := "$limit: Int"
	if needle != "" {
		arguments += ", any__value: $needle, partial_match: true"
		declared += ", $needle: String"
		variables["needle"] = needle
	}
	data, err := c.Client.GraphQL(ctx, infrahub.Query{
		Document:  fmt.Sprintf("query(%s) { %s(%s) { count edges { node { hfid __typename } } } }", declared, kind.Name, arguments),
		Variables: variables,
		Branch:    c.Branch(branch),
	})
	if err != nil {
		return nil, 0, fmt.Errorf("looking for nodes of %s: %w", kind.Name, err)
	}
	var answer map[string]struct {
		Count int `json:"count"`
		Edges []struct {
			Node struct {
				HFID []string `json:"hfid"`
				Kind string   `json:"__typename"`
			} `json:"node"`
		} `json:"edges"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, 0, fmt.Errorf("reading nodes of %s: %w", problem.Excerpt(kind.Name, 80), err)
	}
	var values []string
	for _, edge := range answer[kind.Name].Edges {
		if len(edge.Node.HFID) > 0 {
			values = append(values, edge.Node.Kind+"__"+strings.Join(edge.Node.HFID, "__"))
		}
	}
	return values, answer[kind.Name].Count, nil
}
