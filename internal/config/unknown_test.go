package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnknownVariablesAreWarnedOf(t *testing.T) {
	environment(t, nil)
	got := unknownVariables([]string{
		"INFRAHUB_MCP_READONLY=true",
		"INFRAHUB_MCP_LOGLEVEL=debug",
		"INFRAHUB_MCP_QUX=1",
		"infrahub_mcp_read_only=true",
		"Infrahub_Tls_Insecure=true",
		"INFRAHUB_MCP_READ_ONLY=true", // right
		"INFRAHUB_LOG_LEVEL=debug",    // of some other program
		"MCP_TIMEOUT=1",               // of some other program
		"INFRAHUB_MCP_PORT=tcp://10.0.0.1:8001",
		"INFRAHUB_MCP_PORT_8001_TCP_ADDR=10.0.0.1",
		"INFRAHUB_MCP_SERVICE_HOST=10.0.0.1",
		"INFRAHUB_MCP_SERVICE_PORT_HTTP=8001",
		"PATH=/",
		"=C:=C:\\",
	})
	want := []string{
		"INFRAHUB_MCP_LOGLEVEL is ignored: there is no such setting. Did you mean INFRAHUB_MCP_LOG_LEVEL?",
		"INFRAHUB_MCP_QUX is ignored: there is no such setting.",
		"INFRAHUB_MCP_READONLY is ignored: there is no such setting. Did you mean INFRAHUB_MCP_READ_ONLY?",
		"Infrahub_Tls_Insecure is ignored: there is no such setting. Did you mean INFRAHUB_TLS_INSECURE?",
		"infrahub_mcp_read_only is ignored: there is no such setting. Did you mean INFRAHUB_MCP_READ_ONLY?",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWarningsComeBesideAnError(t *testing.T) {
	environment(t, map[string]string{"INFRAHUB_MCP_READONLY": "true"})
	_, warnings, err := Load(nil)
	if err == nil || len(warnings) != 1 {
		t.Errorf("warnings %q, error %v", warnings, err)
	}
}
