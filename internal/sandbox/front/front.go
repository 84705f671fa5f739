package front

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/sdl"
)

// Options say what the handler answers from. Base, Gate, Schema and Execute are
// needed; the zero value of everything else is good.
type Options struct {
	Base *nodes.Base
	Gate *access.Gate
	// Schema gives the GraphQL schema of a node schema. That of a gql.Server does.
	Schema  func(*model.Model) (*sdl.Schema, error)
	Execute Executor
	// Objects keeps what is uploaded; an empty store by default. Others who
	// write objects (artifacts, files) share it.
	Objects *Objects

	// LoggedIn is told of logins and LoggedOut of logouts that ended a session;
	// nobody is by default.
	LoggedIn  func(*access.Login)
	LoggedOut func(*access.Caller)

	// Emulate is the generation of servers to behave like, V1_11 by default.
	Emulate Generation
	// DeploymentID is what /api/info says.
	DeploymentID string

	// Admin opens /sandbox/faults; see [Rule]. Whoever reaches the handler may
	// then make it misbehave, whatever credentials they have.
	Admin bool
	// Act does the actions of rules: it merges or deletes a branch, as an
	// administrator, past the request that is being answered.
	Act func(ctx context.Context, action Action, branch string) error

	// Log is told of faults of the sandbox itself; nobody is by default. It never
	// gets a header or a body.
	Log *slog.Logger
	// Clock tells the time; time.Now by default.
	Clock func() time.Time
}

// Executor runs a GraphQL document. The error says that nothing was executed:
// a *fault.Error (or several, joined) is answered with its status, and any other,
// exec.ErrSyntax among them, as Infrahub answers a document it cannot read: with
// status 500, a bare text and the end of the connection.
//
// Execute of a gql.Server is an Executor.
type Executor func(ctx context.Context, call *gql.Call, r exec.Request) (*exec.Response, error)

// maxBody bounds the body of a request, in bytes.
const maxBody = 50 << 20

// New returns a handler that answers the REST and GraphQL requests of Infrahub.
// It is safe for concurrent use. Timeouts and the size of headers are for the
// http.Server to bound.
func New(o Options) http.Handler {
	if o.Objects == nil {
		o.Objects = NewObjects(defaultObjects)
	}
	if o.Emulate == "" {
		o.Emulate = V1_11
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	s := &server{Options: o, main: o.Base.Store.Branches()[0].Name, encoded: newEncodedSchemas()}
	handler := s.counted(s.described(s.recovered(s.crossOrigin(s.routes()))))
	if o.Admin {
		return newMisbehaviour(handler, s)
	}
	return handler
}

// server answers the requests.
type server struct {
	Options
	main    string // the name of the default branch
	encoded *encodedSchemas
	count   counters
}

// routes says which endpoints there are.
func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	// Infrahub has one more endpoint that takes whatever is left below /api.
	rest := func(pattern string, m methods) { mux.Handle(pattern, m.orElse(unknownEndpoint)) }

	rest("/api/config", methods{http.MethodGet: s.rest(s.config, open)})
	rest("/api/info", methods{http.MethodGet: s.rest(s.info)})
	rest("/api/menu", methods{http.MethodGet: s.rest(s.menu, onBranch, atTime)})

	rest("/api/auth/login", methods{http.MethodPost: s.rest(s.login, open)})
	rest("/api/auth/refresh", methods{http.MethodPost: s.rest(s.refresh, open)})
	rest("/api/auth/logout", methods{http.MethodPost: s.rest(s.logout, open)})
	rest("/api/auth/ldap/login", methods{http.MethodPost: s.rest(s.ldapLogin, open)})
	for _, protocol := range []string{"oidc", "oauth2"} {
		rest("/api/"+protocol+"/{provider}/authorize", methods{http.MethodGet: s.rest(s.noProvider, open)})
		rest("/api/"+protocol+"/{provider}/token", methods{http.MethodGet: s.rest(s.noProvider, open)})
	}

	kind := s.rest(s.schemaKind, onBranch)
	rest("/api/schema", methods{http.MethodGet: s.rest(s.schema, onBranch)})
	rest("/api/schema/summary", methods{http.MethodGet: s.rest(s.schemaSummary, onBranch)})
	rest("/api/schema/{kind}", methods{http.MethodGet: kind})
	rest("/api/schema/json_schema/{kind}", methods{http.MethodGet: s.rest(s.jsonSchema, onBranch)})
	rest("/api/schema/load", methods{http.MethodGet: kind, http.MethodPost: s.rest(s.schemaLoad, onBranch, atTime)})
	rest("/api/schema/check", methods{http.MethodGet: kind, http.MethodPost: s.rest(s.schemaCheck, onBranch)})

	query := s.rest(s.storedQuery, onBranch, atTime)
	rest("/api/query/{query}", methods{http.MethodGet: query, http.MethodPost: query})
	for language, kind := range map[string]string{"jinja2": "CoreTransformJinja2", "python": "CoreTransformPython"} {
		rest("/api/transform/"+language+"/{id}", methods{http.MethodGet: s.rest(transform(kind), onBranch, atTime)})
	}

	rest("/api/artifact/{id}", methods{http.MethodGet: s.rest(s.artifact, onBranch, atTime)})
	rest("/api/artifact/generate/{id}", methods{http.MethodPost: s.rest(s.generateArtifact, onBranch, atTime)})
	rest("/api/storage/object/{id}", methods{http.MethodGet: s.rest(s.object)})
	rest("/api/storage/upload/content", methods{http.MethodPost: s.rest(s.upload)})
	rest("/api/storage/files/{id}", methods{http.MethodGet: s.rest(s.file, onBranch, atTime)})
	rest("/api/storage/files/by-hfid/{kind}", methods{http.MethodGet: s.rest(s.fileByHFID, onBranch, atTime)})
	rest("/api/storage/files/by-storage-id/{id}", methods{http.MethodGet: s.rest(s.fileByStorageID, onBranch, atTime)})
	rest("/api/file/{id}/{path...}", methods{http.MethodGet: s.rest(repositoryFile, onBranch, atTime)})
	rest("/api/telemetry/snapshots", methods{http.MethodGet: s.rest(s.snapshots)})
	rest("/api/diff/files", methods{http.MethodGet: s.rest(s.diffFiles, onBranch)})
	rest("/api/diff/artifacts", methods{http.MethodGet: s.rest(s.diffArtifacts, onBranch)})
	rest("/api/", methods{})

	graphql := methods{
		http.MethodPost:    http.HandlerFunc(s.graphql),
		http.MethodGet:     http.HandlerFunc(internalServerError),
		http.MethodOptions: http.HandlerFunc(graphqlOptions),
	}.orElse(methodNotAllowed("POST, OPTIONS"))
	mux.Handle("/graphql", graphql)
	mux.Handle("/graphql/{branch...}", graphql)

	get := func(pattern string, h http.Handler) {
		mux.Handle(pattern, methods{http.MethodGet: h}.orElse(methodNotAllowed("GET")))
	}
	get("/schema.graphql", s.rest(s.graphqlSchema, onBranch))
	get("/metrics", http.HandlerFunc(s.metrics))
	get("/{$}", http.HandlerFunc(welcome))
	get("/", http.HandlerFunc(nothingHere))
	return unredirected(mux, graphql)
}

// unredirected keeps a ServeMux from redirecting requests whose path it would
// rather have written otherwise: Infrahub takes paths as they are.
func unredirected(mux *http.ServeMux, graphql http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := r.URL.EscapedPath()
		if clean := path.Clean(given); clean == given || clean+"/" == given {
			mux.ServeHTTP(w, r)
			return
		}
		branch, isGraphQL := strings.CutPrefix(r.URL.Path, "/graphql/")
		switch {
		case isGraphQL:
			r.SetPathValue("branch", branch)
			graphql.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/api/"):
			unknownEndpoint(w, r)
		default:
			nothingHere(w, r)
		}
	})
}
