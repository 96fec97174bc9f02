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
{{- range $key, $value := .Values.commonLabels }}
{{ $key | quote }}: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "posture.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "posture.fullname" .) -}}
{{- end -}}

{{- define "posture.image" -}}
{{- if not .Values.image.repository -}}
{{- fail "image.repository is required: push the image that the repository's Dockerfile builds to a registry that the cluster can pull from, and name it, such as --set image.repository=registry.example.com/posture-operator" -}}
{{- end -}}
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

{{/* Whether the cluster serves policies of admission: from Kubernetes 1.30 on all do. */}}
{{- define "posture.policiesServed" -}}
{{- $kind := "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy" -}}
{{- or (.Capabilities.APIVersions.Has $kind) (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) | ternary "true" "" -}}
{{- end -}}

{{/* Whether there is a policy over the journal. */}}
{{- define "posture.admission" -}}
{{- if .Values.admissionPolicies.remediations.enabled -}}
{{- include "posture.policiesServed" . -}}
{{- end -}}
{{- end -}}

{{/* The namespaces that a policy of this release is about. */}}
{{- define "posture.watched" -}}
{{- with .Values.watchNamespaces }}
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: In
      values: {{ include "posture.json" . }}
{{- end }}
{{- end -}}

{{- define "posture.subjects" -}}
- kind: ServiceAccount
  name: {{ include "posture.serviceAccount" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
{{- end -}}

{{/* What people need who only look: nothing of it can be changed. */}}
{{- define "posture.auditorRules" -}}
- apiGroups: [posture.dev]
  resources: [posturetargets, suppressionpolicies, remediationrules, remediations]
  verbs: [get, list, watch]
{{- end -}}

{{/* What people need who declare targets, policies and rules; remediations are made by the operator alone. */}}
{{- define "posture.authorRules" -}}
{{ include "posture.auditorRules" . }}
- apiGroups: [posture.dev]
  resources: [posturetargets, suppressionpolicies, remediationrules]
  verbs: [create, update, patch, delete, deletecollection]
{{- end -}}

{{/* OpenShift's security context constraints choose user and groups themselves, and refuse a pod that names others. */}}
{{- define "posture.onOpenShift" -}}
{{- $said := (((.Values.global).compatibility).openshift).adaptSecurityContext | default "auto" -}}
{{- $there := .Capabilities.APIVersions.Has "security.openshift.io/v1" -}}
{{- or (eq $said "force") (and (eq $said "auto") $there) | ternary "true" "" -}}
{{- end -}}

{{/* What scrapes: the same in a ServiceMonitor and in a PodMonitor. */}}
{{- define "posture.endpoint" -}}
- port: metrics
  interval: {{ .interval | quote }}
  scrapeTimeout: {{ .scrapeTimeout | quote }}
  # The namespace in the metrics is that of the PostureTarget, not of the pod.
  honorLabels: true
  {{- with .relabelings }}
  relabelings: {{ include "posture.json" . }}
  {{- end }}
  {{- with .metricRelabelings }}
  metricRelabelings: {{ include "posture.json" . }}
  {{- end }}
{{- end -}}

{{/* What Pods of the operator have in common: who they are, how they find their way, and how they are kept in. */}}
{{- define "posture.pod" -}}
serviceAccountName: {{ include "posture.serviceAccount" . | quote }}
automountServiceAccountToken: true
{{- $context := .Values.podSecurityContext }}
{{- if include "posture.onOpenShift" . }}
{{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" }}
{{- end }}
{{- with $context }}
securityContext: {{ include "posture.json" . }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases: {{ include "posture.json" . }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . | quote }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig: {{ include "posture.json" . }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ include "posture.json" . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ include "posture.json" . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ include "posture.json" . }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{ include "posture.json" . }}
{{- end }}
{{- end -}}

{{/* The same of their containers. */}}
{{- define "posture.container" -}}
{{- $context := .Values.securityContext }}
{{- if include "posture.onOpenShift" . }}
{{- $context = omit $context "runAsUser" "runAsGroup" }}
{{- end }}
image: {{ include "posture.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
{{- with .Values.envFrom }}
envFrom: {{ include "posture.json" . }}
{{- end }}
{{- with $context }}
securityContext: {{ include "posture.json" . }}
{{- end }}
{{- with .Values.resources }}
resources: {{ include "posture.json" . }}
{{- end }}
{{- end -}}

{{/* Where the configuration file is. */}}
{{- define "posture.configVolume" -}}
- name: config
  {{- if .Values.existingConfigMap }}
  configMap:
    name: {{ .Values.existingConfigMap | quote }}
  {{- else }}
  secret:
    secretName: {{ .Values.existingSecret | default (include "posture.fullname" .) | quote }}
  {{- end }}
{{- end -}}
