package front

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
)

// storedQuery answers GET and POST /api/query/{id or name}. Variables are the
// other parameters of a GET, as texts, or those in the body of a POST.
func (s *server) storedQuery(w http.ResponseWriter, c *call) error {
	variables := map[string]any{}
	if c.Method == http.MethodPost {
		f := formOf(c, false)
		maps.Copy(variables, f.dictionary("variables"))
		if err := f.err(); err != nil {
			return err
		}
	} else {
		for name, values := range c.URL.Query() {
			if !slices.Contains([]string{"branch", "at", "rebase", "subscribers", "update_group"}, name) {
				variables[name] = values[len(values)-1]
			}
		}
	}
	g, err := c.graph()
	if err != nil {
		return err
	}
	stored, err := queryNode(g, c.PathValue("query"))
	if err != nil {
		return err
	}
	response, err := s.Execute(c.Context(),
		&gql.Call{Base: s.Base, Branch: c.branch, At: c.at, Caller: c.caller},
		exec.Request{Query: stored.Text("query"), Variables: variables})
	if err != nil {
		return err
	}
	if len(response.Errors) > 0 {
		writeJSON(w, http.StatusBadGateway, gatewayRefusal(stored.Text("name"), response.Errors))
		return nil
	}
	writeJSON(w, http.StatusOK, exec.NewObject("data", response.Data))
	return nil
}

// queryNode finds a stored query by its id or its name.
func queryNode(g *nodes.Graph, identifier string) (*nodes.Node, error) {
	const kind = "CoreGraphQLQuery"
	k, err := g.Model.Lookup(kind)
	if err != nil {
		return nil, err
	}
	if n := g.Node(identifier); n != nil && n.Is(kind) {
		return n, nil
	}
	if named := g.Having(k, "name", identifier); len(named) > 0 {
		return named[0], nil
	}
	return nil, fault.NoNode(identifier, kind)
}

// gatewayRefusal is how Infrahub tells of the errors of a stored query: with an
// object where others have a text.
func gatewayRefusal(query string, errs []*exec.Error) *exec.Object {
	entries := make([]any, len(errs))
	for i, e := range errs {
		var locations, path any
		if len(e.Locations) > 0 {
			locations = e.Locations
		}
		if len(e.Path) > 0 {
			path = e.Path
		}
		entries[i] = exec.NewObject(
			"message", exec.NewObject("message", fmt.Sprintf("GraphQLQuery %s: %s", query, e.Message), "locations", locations, "path", path),
			"extensions", exec.NewObject("code", http.StatusBadGateway),
		)
	}
	return exec.NewObject("data", nil, "errors", entries)
}
