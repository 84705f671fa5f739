// Package resource holds what an MCP client can read as context: the schema
// and the branches. The contents are those of the tools.
package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"infrahub-mcp/internal/call"
	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/operations"
	"infrahub-mcp/internal/kept"
	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/telemetry"
	"infrahub-mcp/internal/tool"
	"infrahub-mcp/internal/toon"
	"infrahub-mcp/internal/watch"
)

// Resource is one entry of the catalogue: a resource with a fixed URI, or a
// template with variables (RFC 6570) when the URI holds braces.
type Resource struct {
	URI         string
	Name        string
	Title       string
	Description string
	MIMEType    string

	read func(ctx context.Context, c *call.Call, variables map[string]string) ([]byte, error)
	// ofSchema says that the content is made of the schema and nothing else, so that
	// it may be kept.
	ofSchema bool
	// version returns a text that is another one when the content has changed, at
	// little cost; nil where that cannot be told.
	version func(ctx context.Context, c *call.Call, r *watch.Round, variables map[string]string) (string, error)
}

// Catalogue returns every resource.
func Catalogue() []Resource {
	return []Resource{
		{
			URI: "infrahub://schema", Name: "schema", Title: "Schema catalogue", MIMEType: "application/json",
			Description: "Every kind with its label, as a JSON object. Read it before asking for nodes.",
			read:        readKinds, version: versionOfKinds, ofSchema: true,
		},
		{
			URI: "infrahub://schema/{kind}", Name: "schema-kind", Title: "Schema of a kind", MIMEType: "text/plain",
			Description: "One kind in detail as TOON tables: attributes, choices, limits, relationships, filters, related kinds.",
			read:        readKind, version: versionOfKind, ofSchema: true,
		},
		{
			URI: "infrahub://graphql-schema", Name: "graphql-schema", Title: "GraphQL schema", MIMEType: "text/plain",
			Description: "The whole GraphQL schema (SDL). Very large, often over a megabyte; prefer infrahub://schema/{kind}.",
			read: func(ctx context.Context, c *call.Call, _ map[string]string) ([]byte, error) {
				return c.Client.REST(ctx, "/schema.graphql", branchQuery(c))
			},
			version: versionOfSchema, ofSchema: true,
		},
		{
			URI: "infrahub://branches", Name: "branches", Title: "Branches", MIMEType: "application/json",
			Description: "Every branch with its description, status and age; the default branch and the session branch are marked.",
			read:        readBranches, version: versionOfBranches,
		},
	}
}

// maxURI bounds what an audit line tells of a URI, in characters.
const maxURI = 200

// Read reads the resource for one caller.
func (r *Resource) Read(ctx context.Context, c *call.Call, uri string, variables map[string]string) (content []byte, err error) {
	start := time.Now()
	ctx, span := telemetry.ResourceSpan(ctx, r.URI)
	defer func() {
		outcome := "ok"
		if err != nil {
			outcome = "failed"
			span.Fail(string(tool.ClassOf(err)))
		}
		span.End()
		c.Logger.LogAttrs(context.WithoutCancel(ctx), slog.LevelInfo, "resource_read", c.Audited(
			slog.String("uri", problem.Excerpt(uri, maxURI)), slog.String("user", c.User), slog.String("branch", c.SessionBranch),
			slog.String("outcome", outcome), slog.Duration("duration", time.Since(start)))...)
	}()
	ctx, cancel := c.Within(ctx, 0)
	defer cancel()
	if c.BranchUnknown {
		c.Send(call.Message{Level: call.Warning, Text: "Session branches cannot be looked up at the moment; this is of the default branch."})
	}
	content, err = r.content(ctx, c, variables)
	if lostBranch(ctx, c, err) {
		err = problem.New(fmt.Sprintf("The session branch %s no longer exists.", c.SessionBranch),
			"Read again for the default branch; the next write starts a fresh session branch.")
	}
	return content, err
}

// content returns the content, a kept one where that is as good.
func (r *Resource) content(ctx context.Context, c *call.Call, variables map[string]string) ([]byte, error) {
	if !r.ofSchema {
		return r.read(ctx, c, variables)
	}
	answer, err := c.Keep(ctx, c.Branch(""), fmt.Sprintf("%s %q", r.URI, variables), func() (kept.Answer, error) {
		content, err := r.read(ctx, c, variables)
		return kept.Answer{Text: content}, err
	})
	return answer.Text, err
}

// lostBranch reports whether an error is that the session branch is gone, and
// notes that.
func lostBranch(ctx context.Context, c *call.Call, err error) bool {
	if !errors.Is(err, infrahub.BranchNotFound) || c.SessionBranch == "" {
		return false
	}
	c.Branches.Lost(ctx, c.SessionBranch, "no longer exists")
	return true
}

func readKinds(ctx context.Context, c *call.Call, _ map[string]string) ([]byte, error) {
	kinds, err := tool.Kinds(ctx, c, c.Branch(""))
	if err != nil {
		return nil, err
	}
	return json.Marshal(kinds)
}

func readKind(ctx context.Context, c *call.Call, variables map[string]string) ([]byte, error) {
	detail, err := tool.Describe(ctx, c, c.Branch(""), variables["kind"], c.Settings.ExpandPeers)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(detail)
	if err != nil {
		return nil, fmt.Errorf("encoding the kind: %w", err)
	}
	return toon.FromJSON(nil, raw)
}

// branch is what infrahub://branches tells of one branch.
type branch struct {
	IsDefault       bool   `json:"is_default"`
	IsSessionBranch bool   `json:"is_session_branch"`
	Status          string `json:"status"`
	Description     string `json:"description"`
	BranchedFrom    string `json:"branched_from,omitempty"`
	CreatedAt       string `json:"created_at,omitempty"`
	SyncWithGit     bool   `json:"sync_with_git"`
}

func readBranches(ctx context.Context, c *call.Call, _ map[string]string) ([]byte, error) {
	return listBranches(ctx, c, c.SessionBranch)
}

// listBranches writes the list of branches with one of them marked.
func listBranches(ctx context.Context, c *call.Call, session string) ([]byte, error) {
	answer, err := operations.Branches(ctx, c.Client.Operations("", ""))
	if err != nil {
		return nil, fmt.Errorf("listing the branches: %w", err)
	}
	branches := make(map[string]branch, len(answer.Branch))
	for _, b := range answer.Branch {
		branches[b.Name] = branch{
			IsDefault: value(b.IsDefault), IsSessionBranch: b.Name == session, Status: string(b.Status),
			Description: value(b.Description), BranchedFrom: value(b.BranchedFrom), CreatedAt: value(b.CreatedAt), SyncWithGit: value(b.SyncWithGit),
		}
	}
	return json.Marshal(branches)
}

// value is what a pointer points to, or the zero value.
func value[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}

// branchQuery names the branch that reads go to, to Infrahub's REST interface.
func branchQuery(c *call.Call) url.Values {
	branch := c.Branch("")
	if branch == "" {
		return nil
	}
	return url.Values{"branch": {branch}}
}
