{{/* What lies outside the mesh, by the service graph's names: lists of {name, host, port, protocol}, empty when it is inside */}}

{{- define "todo-app.mesh.database" -}}
{{- $found := list -}}
{{- with .Values.database -}}
{{- if $.Values.networkPolicy.database.cidrs -}}
{{- $found = append $found (dict "name" "database" "host" .host "port" .port "protocol" "TCP") -}}
{{- end -}}
{{- if and (ne .pooler "none") $.Values.networkPolicy.direct.cidrs -}}
{{- $found = append $found (dict "name" "database-direct" "host" .directHost "port" .directPort "protocol" "TCP") -}}
{{- end -}}
{{- end -}}
{{- $found | toYaml -}}
{{- end }}

{{- define "todo-app.mesh.shards" -}}
{{- $found := list -}}
{{- range .Values.database.shards -}}
{{- $found = append $found (dict "name" (printf "shard-%s" .name) "host" .host "port" .port "protocol" "TCP") -}}
{{- if and (ne $.Values.database.pooler "none") .directHost -}}
{{- $port := .directPort | default 5432 -}}
{{- $found = append $found (dict "name" (printf "shard-%s-direct" .name) "host" .directHost "port" $port "protocol" "TCP") -}}
{{- end -}}
{{- end -}}
{{- $found | toYaml -}}
{{- end }}

{{- define "todo-app.mesh.redis" -}}
{{- $found := list -}}
{{- if .Values.networkPolicy.redis.cidrs -}}
{{- $found = append $found (dict "name" "redis" "host" .Values.redis.host "port" .Values.redis.port "protocol" "TCP") -}}
{{- end -}}
{{- $found | toYaml -}}
{{- end }}

{{- define "todo-app.mesh.issuer" -}}
{{- $found := list -}}
{{- with .Values.config.oidc -}}
{{- if .issuer -}}
{{- $found = append $found (dict "name" "issuer" "host" (urlParse .issuer).hostname "port" (include "todo-app.port" .issuer) "protocol" "TLS") -}}
{{- end -}}
{{- if and .issuer .jwksUrl (ne (urlParse .jwksUrl).host (urlParse .issuer).host) -}}
{{- $found = append $found (dict "name" "issuer-keys" "host" (urlParse .jwksUrl).hostname "port" (include "todo-app.port" .jwksUrl) "protocol" "TLS") -}}
{{- end -}}
{{- end -}}
{{- $found | toYaml -}}
{{- end }}
