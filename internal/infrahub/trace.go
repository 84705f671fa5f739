package infrahub

import (
	"context"
	"strings"

	"infrahub-mcp/internal/telemetry"
)

// traced begins the span of an attempt of a request with an id.
func (u *Upstream) traced(ctx context.Context, r request, id string) (context.Context, telemetry.Span) {
	return telemetry.UpstreamSpan(ctx, telemetry.Attempt{Method: r.method, Template: template(r.path), Address: u.base, ID: id, Before: r.sent})
}

// template is a path without the name of a branch, which may name a user. All
// other paths are fixed.
func template(path string) string {
	if strings.HasPrefix(path, "/graphql/") {
		return "/graphql/{branch}"
	}
	return path
}
