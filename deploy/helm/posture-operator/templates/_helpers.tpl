{{- define "posture.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, with the chart's unless it says it already. Shorter than 63: a StatefulSet adds to it. */}}
{{- define "posture.fullname" -}}
{{- $name := include "posture.name" . -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $full | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "posture.selectorLabels" -}}
app.kubernetes.io/name: {{ include "posture.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "posture.labels" -}}
{{ include "posture.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
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
  resources: [posturetargets, suppressionpolicies, remediationrules]
  verbs: [list, watch, patch]
- apiGroups: [posture.dev]
  resources: [posturetargets/status, suppressionpolicies/status, remediationrules/status, remediations/status]
  verbs: [patch]
# The journal is the operator's own.
- apiGroups: [posture.dev]
  resources: [remediations]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- define "posture.subjects" -}}
- kind: ServiceAccount
  name: {{ include "posture.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* The operator may not read the cluster's id where it only has rights in some namespaces, and whatever it marked
must be known as its own by the next installation: a name that is made up here would be another one then. */}}
{{- define "posture.requireOwnerId" -}}
{{- if and .Values.watchNamespaces .Values.rbac.create (not .Values.config.ownerId) -}}
{{- range .Values.config.grants -}}
{{- if or (has "Suppress" (.verbs | default list)) (has "DisableControls" (.verbs | default list)) -}}
{{- fail "config.ownerId is required, as watchNamespaces is set and Suppress or DisableControls is granted: it marks what this operator suppresses and turns off. Give every cluster its own, and keep it. The one that fits, which the operator takes by itself when it serves all namespaces, is printed by: kubectl get namespace kube-system -o jsonpath={.metadata.uid}" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
