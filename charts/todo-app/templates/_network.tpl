{{/* Egress to the cluster's name service; its pods listen on 5353 here, on 53 elsewhere */}}
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

{{/* Egress to one backend: (dict "peer" .Values.networkPolicy.database "port" 5432) */}}
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

{{/* Egress to the databases: (dict "root" $), for the migration also "direct" true */}}
{{- define "todo-app.egress.databases" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $database := .root.Values.database -}}
{{- $direct := and .direct (ne $database.pooler "none") -}}
{{- if $direct }}
{{- include "todo-app.egress.backend" (dict "peer" $policy.direct "port" $database.directPort) }}
{{- else }}
{{- include "todo-app.egress.backend" (dict "peer" $policy.database "port" $database.port) }}
{{- end }}
{{- $ports := list -}}
{{- range $database.shards -}}
{{- $ports = append $ports (ternary (.directPort | default 5432) .port (not (empty $direct)) | int) -}}
{{- end -}}
{{- range $ports | uniq }}
{{ include "todo-app.egress.addresses" (dict "cidrs" $policy.shards.cidrs "port" .) | trim }}
{{- end }}
{{- end }}

{{/* Egress to addresses: (dict "cidrs" … "port" 443) */}}
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

{{/* Egress to the identity provider and its keys, one rule a port */}}
{{- define "todo-app.egress.issuer" -}}
{{- $ports := list -}}
{{- range compact (list .Values.config.oidc.issuer .Values.config.oidc.jwksUrl) -}}
{{- $ports = append $ports (regexFind ":[0-9]+$" (urlParse .).host | trimPrefix ":" | default "443" | int) -}}
{{- end -}}
{{- range $ports | uniq }}
{{ include "todo-app.egress.addresses" (dict "cidrs" $.Values.networkPolicy.issuer.cidrs "port" .) | trim }}
{{- end }}
{{- end }}

{{/* Ingress peers by namespace */}}
{{- define "todo-app.ingress.namespaces" -}}
{{- range . }}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ . }}
{{- end }}
{{- end }}
