{{- define "infrahub-mcp.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "infrahub-mcp.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "infrahub-mcp.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "infrahub-mcp.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "infrahub-mcp.selectorLabels" -}}
app.kubernetes.io/name: {{ include "infrahub-mcp.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "infrahub-mcp.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "infrahub-mcp.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "infrahub-mcp.metadata" -}}
name: {{ include "infrahub-mcp.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "infrahub-mcp.labels" . | nindent 2 }}
{{- end }}

{{- define "infrahub-mcp.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "infrahub-mcp.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "infrahub-mcp.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The Secret that holds settings, "" where there is none. */}}
{{- define "infrahub-mcp.secretName" -}}
{{- $places := 0 }}
{{- if .Values.secret.existing }}{{ $places = add1 $places }}{{ end }}
{{- if .Values.secret.values }}{{ $places = add1 $places }}{{ end }}
{{- if .Values.externalSecret.enabled }}{{ $places = add1 $places }}{{ end }}
{{- if gt (int $places) 1 }}
{{- fail "secret.existing, secret.values and externalSecret.enabled exclude each other: set one of them." }}
{{- end }}
{{- if .Values.secret.existing }}
{{- .Values.secret.existing }}
{{- else if $places }}
{{- include "infrahub-mcp.fullname" . }}
{{- end }}
{{- end }}

{{/* The variables in that Secret, as a JSON list. */}}
{{- define "infrahub-mcp.secretKeys" -}}
{{- if .Values.secret.existing }}
{{- if not .Values.secret.keys }}
{{- fail "secret.keys: name the keys of the Secret that are to be files." }}
{{- end }}
{{- .Values.secret.keys | sortAlpha | toJson }}
{{- else if .Values.secret.values }}
{{- keys .Values.secret.values | sortAlpha | toJson }}
{{- else if .Values.externalSecret.enabled }}
{{- keys .Values.externalSecret.data | sortAlpha | toJson }}
{{- else }}
{{- list | toJson }}
{{- end }}
{{- end }}

{{/* Where that Secret is mounted. */}}
{{- define "infrahub-mcp.secretDirectory" -}}
/run/secrets/infrahub-mcp
{{- end }}

{{/* All settings that are not secret, as YAML. */}}
{{- define "infrahub-mcp.settings" -}}
{{- merge (dict) .Values.settings (dict "MCP_HOST" "0.0.0.0" "MCP_PORT" "8001" "INFRAHUB_MCP_ENV_FILE" "" "INFRAHUB_MCP_SHUTDOWN_DELAY" .Values.service.drainSeconds) | toYaml }}
{{- end }}

{{/* The text of a setting: whole numbers as they are written, not as 2e+07. */}}
{{- define "infrahub-mcp.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}{{ else }}{{ toString . }}{{ end }}
{{- end }}

{{- define "infrahub-mcp.scheme" -}}
{{- if .Values.settings.INFRAHUB_MCP_TLS_CERT_FILE }}HTTPS{{ else }}HTTP{{ end }}
{{- end }}

{{/* The port of /metrics, "" where it is answered beside MCP. */}}
{{- define "infrahub-mcp.metricsPort" -}}
{{- with .Values.settings.INFRAHUB_MCP_METRICS_ADDRESS }}{{ regexFind "[0-9]+$" (toString .) }}{{ end }}
{{- end }}

{{/* How a probe with a path, or without one, asks. */}}
{{- define "infrahub-mcp.probe" -}}
{{- if .path -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ .scheme }}
{{- else -}}
tcpSocket:
  port: http
{{- end }}
{{- end }}
