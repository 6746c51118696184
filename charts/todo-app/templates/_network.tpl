{{/*
The NetworkPolicy of one component, its rules from the service graph: (dict "root" $ "component" "web"); with "like" the
rules of another component, with "annotations" those.
*/}}
{{- define "todo-app.networkPolicy" -}}
{{- $graph := .root.Files.Get "service-graph.yaml" | fromYaml -}}
{{- $rules := index $graph.network (.like | default .component) -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .root.Release.Name }}-{{ .component }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "todo-app.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  podSelector:
    matchLabels:
      {{- include "todo-app.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- with include "todo-app.ingress" (dict "root" .root "rules" $rules.ingress) | fromYamlArray }}
  ingress:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  egress:
    {{- range $rules.egress }}
    {{- with include (printf "todo-app.egress.%s" .to) (dict "root" $.root "call" .) | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- end }}
{{- end }}

{{/* Rules of those who may call: (dict "root" $ "rules" …); a rule without anybody would let everybody in, so it goes */}}
{{- define "todo-app.ingress" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $found := list -}}
{{- range $rule := .rules -}}
{{- $from := list -}}
{{- range $caller := $rule.from -}}
{{- range (dig (default "-" $caller.cidrs) "cidrs" list $policy) -}}
{{- $from = append $from (dict "ipBlock" (dict "cidr" .)) -}}
{{- end -}}
{{- range (dig (default "-" $caller.namespaces) "namespaces" list $policy) -}}
{{- $from = append $from (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" .))) -}}
{{- end -}}
{{- if and $caller.component (or (ne $caller.component "test") $.root.Values.tests.enabled) -}}
{{- $labels := include "todo-app.selector" (dict "root" $.root "component" $caller.component) | fromYaml -}}
{{- $from = append $from (dict "podSelector" (dict "matchLabels" $labels)) -}}
{{- end -}}
{{- end -}}
{{- if $from -}}
{{- $found = append $found (dict "from" $from "ports" (list (dict "protocol" "TCP" "port" $rule.port))) -}}
{{- end -}}
{{- end -}}
{{- $found | toYaml -}}
{{- end }}
