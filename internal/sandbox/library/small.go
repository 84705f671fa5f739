package library

import (
	"context"
	"net/http"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
)

// effectivePreferences answers that nobody has set any.
func effectivePreferences(context.Context, *gql.Call, exec.Field) (any, error) {
	none := map[string]any{}
	return map[string]any{"date_format": none, "timezone": none}, nil
}

func rawPreferences(context.Context, *gql.Call, exec.Field) (any, error) {
	return map[string]any{}, nil
}

func setPreferences(context.Context, *gql.Call, exec.Field) (any, error) {
	return nil, fault.New(http.StatusNotImplemented, "The sandbox keeps no preferences")
}

// relationships answers that there are none: the sandbox gives relationships no
// ids that could be asked for.
func relationships(context.Context, *gql.Call, exec.Field) (any, error) {
	return map[string]any{"count": 0, "edges": []any{}}, nil
}
