package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheVariablesOfOpenTelemetryAreRefusedWhenTheyAreMalformed(t *testing.T) {
	for _, test := range []struct{ variable, value, problem string }{
		{"OTEL_TRACES_EXPORTER", "zipkin", `OTEL_TRACES_EXPORTER is "zipkin", but must be one of otlp, console, none.`},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "thrift", `OTEL_EXPORTER_OTLP_PROTOCOL is "thrift", but must be one of grpc, http/protobuf, http/json.`},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", `OTEL_EXPORTER_OTLP_ENDPOINT is "collector:4317", but must be an http or https URL with a host, without user and fragment. Did you mean http://collector:4317?`},
		{"OTEL_EXPORTER_OTLP_HEADERS", "my-token", `OTEL_EXPORTER_OTLP_HEADERS is (hidden), but must be pairs name=value separated by commas, the values escaped as in a URL.`},
		{"OTEL_TRACES_SAMPLER", "sometimes", `OTEL_TRACES_SAMPLER is "sometimes", but must be one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio.`},
		{"OTEL_TRACES_SAMPLER_ARG", "2", `OTEL_TRACES_SAMPLER_ARG is "2", but must be a number from 0 to 1.`},
	} {
		environment(t, with(map[string]string{"INFRAHUB_MCP_OTEL_ENABLED": "true", test.variable: test.value}))
		_, _, err := Load(nil)
		if diff := cmp.Diff([]string{test.problem}, problemsOf(t, err)); diff != "" {
			t.Error(diff)
		}
		// They may be meant for other programs.
		environment(t, with(map[string]string{"INFRAHUB_MCP_OTEL_ENABLED": "false", test.variable: test.value}))
		if _, warnings, err := Load(nil); err != nil || warnings != nil {
			t.Errorf("%s without tracing: %v, %v", test.variable, warnings, err)
		}
	}
}

func TestTheValuesOfHeadersAreKnownAsTheyAreWrittenAndSent(t *testing.T) {
	tracing := Tracing{Headers: "authorization=Bearer%20one, x-tenant = two", TracesHeaders: "a=b=c"}
	if diff := cmp.Diff([]string{"Bearer%20one", "Bearer one", "two", "two", "b=c", "b=c"}, tracing.HeaderValues()); diff != "" {
		t.Error(diff)
	}
}
