package front

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"infrahub-mcp/internal/sandbox/exec"
)

// info answers GET /api/info.
func (s *server) info(w http.ResponseWriter, _ *call) error {
	writeJSON(w, http.StatusOK, exec.NewObject("deployment_id", s.DeploymentID, "version", s.Emulate.Version()))
	return nil
}

// config answers GET /api/config: the settings of an installation as it comes.
func (s *server) config(w http.ResponseWriter, c *call) error {
	object := exec.NewObject
	scheme := "http://"
	if c.TLS != nil {
		scheme = "https://"
	}
	writeJSON(w, http.StatusOK, object(
		"main", object(
			"docs_index_path", "",
			"internal_address", scheme+c.Host,
			"allow_anonymous_access", s.Gate.AllowsAnonymous(),
			"anonymous_access_role", "Anonymous User",
			"telemetry_optout", true,
			"telemetry_endpoint", "",
			"permission_backends", []string{"infrahub.permissions.LocalPermissionBackend"},
			"public_url", nil,
			"schema_strict_mode", true,
			"diff_update_after_merge", true,
			"delete_branch_after_merge", false,
			"selective_execution_after_merge", true,
			"merge_failure_grace_period_seconds", 180,
		),
		"logging", object("remote", object("enable", false, "frontend_dsn", nil, "api_server_dsn", nil, "git_agent_dsn", nil)),
		"analytics", object("enable", false, "address", nil, "api_key", nil),
		"experimental_features", object("graphql_enums", false, "value_db_index", false),
		"sso", object("providers", []string{}, "enabled", false),
		"ldap", object("enabled", false, "display_label", "Sign in with LDAP", "icon", "mdi:account-key-outline"),
		"installation_type", "community",
		"policy", object("required_proposed_change_approvals", 0, "revoke_proposed_change_approvals", false),
	))
	return nil
}

// counters count answers by the hundreds of their status.
type counters [6]atomic.Int64

// metrics answers GET /metrics in the text format of Prometheus.
func (s *server) metrics(w http.ResponseWriter, _ *http.Request) {
	var text strings.Builder
	text.WriteString("# HELP sandbox_requests_total Requests answered, by class of status.\n# TYPE sandbox_requests_total counter\n")
	for class := range s.count {
		if n := s.count[class].Load(); n > 0 {
			fmt.Fprintf(&text, "sandbox_requests_total{status=\"%dxx\"} %d\n", class, n)
		}
	}
	writeBody(w, http.StatusOK, "text/plain; version=1.0.0; charset=utf-8", []byte(text.String()))
}

// snapshots answers GET /api/telemetry/snapshots: the sandbox takes none.
func (s *server) snapshots(w http.ResponseWriter, _ *call) error {
	writeJSON(w, http.StatusOK, exec.NewObject("count", 0, "snapshots", []any{}))
	return nil
}
