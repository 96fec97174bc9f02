{{/*
Whatever comes from values, from the release or from the chart is written as JSON or in quotes: YAML reads 0123, 1e3, on,
~ and 12:30 as something else than a text, and YAML 1.1 more of them than YAML 1.2. JSON may hold some control characters
as they are, YAML may not: those are escaped.
*/}}
{{- define "posture.json" -}}
{{- $json := toJson . -}}
{{- range concat (untilStep 127 160 1) (list 65534 65535) -}}
{{- $json = $json | replace (printf "%c" .) (printf "\\u%04x" .) -}}
{{- end -}}
{{- $json -}}
{{- end -}}

{{- define "posture.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, with the chart's unless it says it already. Shorter than 63: a StatefulSet adds to it. A release
may have dots in its name and begin with a digit, a Service may not. */}}
{{- define "posture.fullname" -}}
{{- $name := include "posture.name" . -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- $full = .Values.fullnameOverride | default $full | replace "." "-" -}}
{{- $full = regexMatch "^[a-z]" $full | ternary $full (printf "posture-%s" $full) -}}
{{- regexReplaceAll "-+$" ($full | trunc 50) "" -}}
{{- end -}}

{{- define "posture.selectorLabels" -}}
app.kubernetes.io/name: {{ include "posture.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "posture.labels" -}}
{{ include "posture.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end -}}

{{- define "posture.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "posture.fullname" .) -}}
{{- end -}}

{{- define "posture.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* What the operator does with the objects it serves; the same in a ClusterRole and in Roles. */}}
{{- define "posture.rules" -}}
- apiGroups: [posture.dev]
  resources: [posturetargets, suppressionpolicies, remediationrules, remediations]
  verbs: [list, watch, patch]
# Read again as the last thing before a write to AWS.
- apiGroups: [posture.dev]
  resources: [posturetargets, remediationrules, remediations]
  verbs: [get]
# The journal of remediations.
- apiGroups: [posture.dev]
  resources: [remediations]
  verbs: [create, delete]
- apiGroups: [posture.dev]
  resources: [posturetargets/status, suppressionpolicies/status, remediationrules/status, remediations/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/* What a person needs who approves and undoes remediations; bound to nobody. */}}
{{- define "posture.approverRules" -}}
- apiGroups: [posture.dev]
  resources: [remediations]
  verbs: [get, list, watch, patch, approve, undo]
{{- end -}}

{{/* Whether there is a policy over the journal: from Kubernetes 1.30 on all clusters serve the kind. */}}
{{- define "posture.admission" -}}
{{- $kind := "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy" -}}
{{- $served := or (.Capabilities.APIVersions.Has $kind) (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) -}}
{{- and .Values.admissionPolicies.remediations.enabled $served | ternary "true" "" -}}
{{- end -}}

{{- define "posture.subjects" -}}
- kind: ServiceAccount
  name: {{ include "posture.serviceAccount" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
{{- end -}}
