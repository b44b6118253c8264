{{/* The name of everything that the chart makes: the release's, with the chart's behind it where the release is named otherwise. */}}
{{- define "orderstream.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* What selects the pods; never changed, because a Deployment's selector cannot be. */}}
{{- define "orderstream.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "orderstream.labels" -}}
{{ include "orderstream.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "orderstream.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* The file orderstream.yaml: the values, with the port that Service and probes ask. */}}
{{- define "orderstream.settings" -}}
{{- toYaml (merge (dict "http" (dict "listen" "0.0.0.0:8080")) .Values.config) }}
{{- end }}
