// Package explore finds nodes of a sandbox by text and by how they are
// connected: the GraphQL fields InfrahubSearchAnywhere, InfrahubPathTraversal and
// InfrahubReachableNodes.
package explore

import (
	"net/http"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
)

// Queries are the fields of the type Query that this package answers.
func Queries() gql.Fields {
	return gql.Fields{
		"InfrahubSearchAnywhere": search,
		"InfrahubPathTraversal":  findPaths,
		"InfrahubReachableNodes": findReachable,
	}
}

// refused is the error of a request about connections that cannot be answered.
// Infrahub 1.11 gives none of these a code or a status of their own.
func refused(format string, args ...any) error {
	return fault.New(http.StatusInternalServerError, format, args...)
}

// dataOf returns the argument data.
func dataOf(f exec.Field) map[string]any {
	data, _ := f.Arguments["data"].(map[string]any)
	return data
}

// numberOf returns a number of an input. As in Infrahub, 0 stands for the
// default.
func numberOf(data map[string]any, name string, otherwise int) int {
	switch v := data[name].(type) {
	case int:
		if v != 0 {
			return v
		}
	case int64:
		if v != 0 {
			return int(v)
		}
	}
	return otherwise
}

// textsOf returns a list of texts of an input.
func textsOf(data map[string]any, name string) []string {
	list, _ := data[name].([]any)
	texts := make([]string, 0, len(list))
	for _, element := range list {
		if text, ok := element.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
