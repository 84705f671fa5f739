// Package graph builds the GraphQL documents for the nodes of a kind from the
// schema, and reads what Infrahub answers. Every value travels as a variable.
package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// List asks for nodes of one kind.
type List struct {
	Kind      *schema.Kind
	Selection *Selection
	// Filters are arguments of the kind's query, such as name__value.
	Filters map[string]json.RawMessage
	// PartialMatch makes every filter on one value match parts, in any case.
	PartialMatch bool
	// Order lists fields: "name", "-updated_at" (descending), "site.name".
	Order []string
}

// Page is a part of a list.
type Page struct {
	Rows  []Row
	Total int // of all pages
}

// Query builds the query of one page. A limit of 0 asks for the number of
// nodes alone.
func (l List) Query(r Reader, offset, limit int) (infrahub.Query, error) {
	variables := map[string]any{}
	var declared, passed, body strings.Builder
	argument := func(name, kind string, value any) {
		fmt.Fprintf(&declared, "$%s: %s ", name, kind)
		fmt.Fprintf(&passed, "%s: $%s ", name, name)
		variables[name] = value
	}
	var faults []error
	names := make([]string, 0, len(l.Filters))
	for name := range l.Filters {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		filter, value, err := r.filter(l.Kind, name, l.Filters[name], l.PartialMatch)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		argument(name, filter.Type, value)
	}
	if l.PartialMatch {
		argument("partial_match", "Boolean", true)
	}
	if len(l.Order) > 0 {
		by, err := r.order(l.Kind, l.Order)
		if err != nil {
			faults = append(faults, err)
		}
		argument("order", "OrderInput", map[string]any{"by": by})
	}
	if len(faults) > 0 {
		return infrahub.Query{}, joined(faults)
	}
	// Infrahub takes a limit of 0 for no limit: the number alone needs none. With
	// a limit of 1 Infrahub 1.11 ignores the order, so two are asked for and
	// Page drops the second.
	if limit > 0 {
		argument("limit", "Int", max(limit, 2))
		argument("offset", "Int", offset)
	}

	body.WriteString("query")
	if declared.Len() > 0 {
		fmt.Fprintf(&body, "(%s)", strings.TrimSpace(declared.String()))
	}
	fmt.Fprintf(&body, " { %s", l.Kind.Name)
	if passed.Len() > 0 {
		fmt.Fprintf(&body, "(%s)", strings.TrimSpace(passed.String()))
	}
	body.WriteString(" { count ")
	if limit > 0 {
		l.Selection.write(&body)
	}
	body.WriteString(" } }")
	return infrahub.Query{Document: body.String(), Variables: variables}, nil
}

// Page reads the answer to a query made by Query with the same limit.
func (l List) Page(data json.RawMessage, limit int) (Page, error) {
	var answer map[string]struct {
		Count int    `json:"count"`
		Edges []edge `json:"edges"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return Page{}, fmt.Errorf("reading the nodes of %s: %w", l.Kind.Name, err)
	}
	list, ok := answer[l.Kind.Name]
	if !ok {
		return Page{}, fmt.Errorf("reading the nodes of %s: the answer has none", l.Kind.Name)
	}
	if len(list.Edges) > limit {
		list.Edges = list.Edges[:limit]
	}
	page := Page{Total: list.Count, Rows: make([]Row, 0, len(list.Edges))}
	for _, e := range list.Edges {
		page.Rows = append(page.Rows, l.Selection.row(e))
	}
	return page, nil
}

// order turns field names into Infrahub's OrderInput.by.
func (r Reader) order(k *schema.Kind, names []string) ([]map[string]string, error) {
	by := make([]map[string]string, 0, len(names))
	var faults []error
	for _, name := range names {
		direction := "ASC"
		field := strings.TrimPrefix(name, "+")
		if rest, ok := strings.CutPrefix(field, "-"); ok {
			field, direction = rest, "DESC"
		}
		path, err := r.orderPath(k, field)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		by = append(by, map[string]string{"field": path, "direction": direction})
	}
	if len(faults) > 0 {
		return nil, joined(faults)
	}
	return by, nil
}

func (r Reader) orderPath(k *schema.Kind, field string) (string, error) {
	attribute := func(k *schema.Kind, name string) (bool, error) {
		a := k.Attribute(name)
		if a != nil && a.Secret() && !r.Reveal {
			return false, secretProblem(name, "order by")
		}
		return a != nil, nil
	}
	if ok, err := attribute(k, strings.TrimSuffix(field, "__value")); ok || err != nil {
		return strings.TrimSuffix(field, "__value") + "__value", err
	}
	switch field {
	case "created_at", "updated_at":
		return "node_metadata__" + field, nil
	}
	relationship, name, ok := strings.Cut(strings.TrimSuffix(strings.ReplaceAll(field, "__", "."), ".value"), ".")
	if rel := k.Relationship(relationship); ok && rel != nil {
		if peer := r.Schema.Lookup(rel.Peer); peer != nil {
			if ok, err := attribute(peer, name); ok || err != nil {
				return relationship + "__" + name + "__value", err
			}
			return "", problem.Unknown("attribute of "+peer.Name+" (relationship "+relationship+")", name, attributeNames(peer), "")
		}
	}
	known := append(attributeNames(k), "created_at", "updated_at")
	return "", problem.Unknown("field to order "+k.Name+" by", field, known,
		"Order by an attribute, relationship.attribute, created_at or updated_at; a leading - means descending.")
}
