{{/*
Ways out, one define for each target of the service graph: (dict "root" $ "call" <entry of service-graph.yaml>).
Empty where the values say that nobody is there.
*/}}

{{/* The cluster's name service; its pods listen on 5353 here, on 53 elsewhere */}}
{{- define "todo-app.egress.dns" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: UDP, port: 5353}
    - {protocol: TCP, port: 53}
    - {protocol: TCP, port: 5353}
{{- end }}

{{/* Another component of the chart */}}
{{- define "todo-app.egress.component" -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "todo-app.selector" (dict "root" .root "component" .call.component) | nindent 10 }}
  ports:
    - protocol: TCP
      port: {{ .call.port }}
{{- end }}

{{/* The database, or its pooler; "direct" goes past a pooler */}}
{{- define "todo-app.egress.database" -}}
{{- $database := .root.Values.database -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- if and .call.direct (ne $database.pooler "none") }}
{{- include "todo-app.egress.backend" (dict "peer" $policy.direct "port" $database.directPort) }}
{{- else }}
{{- include "todo-app.egress.backend" (dict "peer" $policy.database "port" $database.port) }}
{{- end }}
{{- end }}

{{/* Further databases, one rule a port */}}
{{- define "todo-app.egress.shards" -}}
{{- $direct := and .call.direct (ne .root.Values.database.pooler "none") -}}
{{- $ports := list -}}
{{- range .root.Values.database.shards -}}
{{- $ports = append $ports (ternary (.directPort | default 5432) .port (not (empty $direct)) | int) -}}
{{- end -}}
{{- range $ports | uniq }}
{{ include "todo-app.egress.addresses" (dict "cidrs" $.root.Values.networkPolicy.shards.cidrs "port" .) | trim }}
{{- end }}
{{- end }}

{{- define "todo-app.egress.redis" -}}
{{- include "todo-app.egress.backend" (dict "peer" .root.Values.networkPolicy.redis "port" .root.Values.redis.port) }}
{{- end }}

{{/* The identity provider and its keys, one rule a port */}}
{{- define "todo-app.egress.issuer" -}}
{{- $oidc := .root.Values.config.oidc -}}
{{- $ports := list -}}
{{- if $oidc.issuer -}}
{{- range compact (list $oidc.issuer $oidc.jwksUrl) -}}
{{- $ports = append $ports (include "todo-app.port" . | int) -}}
{{- end -}}
{{- end -}}
{{- range $ports | uniq }}
{{ include "todo-app.egress.addresses" (dict "cidrs" $.root.Values.networkPolicy.issuer.cidrs "port" .) | trim }}
{{- end }}
{{- end }}

{{- define "todo-app.egress.vault" -}}
{{- with .root.Values.networkPolicy.vault }}
{{- if .enabled }}
{{- include "todo-app.egress.backend" (dict "peer" . "port" .port) }}
{{- end }}
{{- end }}
{{- end }}

{{/* istiod, for the sidecar's certificate and configuration */}}
{{- define "todo-app.egress.mesh" -}}
{{- if .root.Values.mesh.enabled }}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: istio-system
      podSelector:
        matchLabels:
          app: istiod
  ports:
    - protocol: TCP
      port: 15012
{{- end }}
{{- end }}

{{/* One backend: (dict "peer" .Values.networkPolicy.database "port" 5432) */}}
{{- define "todo-app.egress.backend" -}}
- to:
    {{- range .peer.cidrs }}
    - ipBlock:
        cidr: {{ . }}
    {{- else }}
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .peer.namespace }}
      podSelector:
        matchLabels:
          app.kubernetes.io/name: {{ .peer.podName }}
    {{- end }}
  ports:
    - protocol: TCP
      port: {{ .port | int }}
{{- end }}

{{/* Addresses: (dict "cidrs" … "port" 443) */}}
{{- define "todo-app.egress.addresses" -}}
- to:
    {{- range .cidrs }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
  ports:
    - protocol: TCP
      port: {{ .port | int }}
{{- end }}

{{/* The port of an https address */}}
{{- define "todo-app.port" -}}
{{- regexFind ":[0-9]+$" (urlParse .).host | trimPrefix ":" | default "443" -}}
{{- end }}
