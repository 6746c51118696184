{{/* Labels that select the pods of one component: (dict "root" $ "component" "web") */}}
{{- define "todo-app.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Labels of every object and pod: without the chart's version, or each release of the chart would roll every pod */}}
{{- define "todo-app.commonLabels" -}}
{{ include "todo-app.selector" . }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/version: {{ include "todo-app.version" .root | quote }}
{{- end }}

{{/* Labels of a pod. A running pod gets no sidecar and loses none, so the label that says it has one rolls it */}}
{{- define "todo-app.podLabels" -}}
{{ include "todo-app.commonLabels" . }}
{{- if .root.Values.mesh.enabled }}
sidecar.istio.io/inject: "true"
{{- end }}
{{- end }}

{{/* Recommended labels of every object of one component */}}
{{- define "todo-app.labels" -}}
{{ include "todo-app.commonLabels" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "todo-app.image" -}}
{{- required "image.reference is empty: `slipway images` lists the built ones" .Values.image.reference -}}
{{- end }}

{{/* What differs between two images, fit for a name: the tag, or the start of the digest */}}
{{- define "todo-app.version" -}}
{{- $reference := include "todo-app.image" . -}}
{{- if contains "@sha256:" $reference -}}
{{- regexReplaceAll "^.*@sha256:" $reference "" | trunc 12 -}}
{{- else -}}
{{- regexReplaceAll "^.*:" $reference "" | lower | replace "_" "-" | replace "." "-" | trunc 24 | trimAll "-" -}}
{{- end -}}
{{- end }}

{{- define "todo-app.web.name" -}}
{{ .Release.Name }}-web
{{- end }}

{{- define "todo-app.migrate.name" -}}
{{ .Release.Name }}-migrate
{{- end }}

{{- define "todo-app.migrate.job" -}}
{{ include "todo-app.migrate.name" . }}-{{ include "todo-app.version" . }}
{{- end }}

{{/* relay, and relay-<name> for each further database */}}
{{- define "todo-app.relay.components" -}}
relay{{ range .Values.database.shards }} relay-{{ .name }}{{ end }}
{{- end }}

{{- define "todo-app.relay.name" -}}
{{ .Release.Name }}-relay
{{- end }}

{{- define "todo-app.runDueTodos.name" -}}
{{ .Release.Name }}-run-due-todos
{{- end }}

{{- define "todo-app.maintenance.name" -}}
{{ .Release.Name }}-maintenance
{{- end }}

{{- define "todo-app.test.name" -}}
{{ .Release.Name }}-test
{{- end }}

{{/* Configuration every command of the image reads; never a secret */}}
{{- define "todo-app.config" -}}
{{- $service := include "todo-app.web.name" . -}}
{{- $own := list "localhost" $service (printf "%s.%s" $service .Release.Namespace) (printf "%s.%s.svc" $service .Release.Namespace) -}}
TODO_ENVIRONMENT: {{ .Values.config.environment | quote }}
TODO_PUBLIC_URL: {{ .Values.config.publicUrl | quote }}
TODO_ALLOWED_HOSTS: {{ concat .Values.config.allowedHosts $own | uniq | join "," | quote }}
TODO_BAN_THRESHOLD: {{ .Values.config.banThreshold | int | quote }}
TODO_DEMO_USER: {{ .Values.config.demoUser | quote }}
TODO_INITIAL_WORDS: {{ .Values.config.initialWords | join "," | quote }}
TODO_LOG_LEVEL: {{ .Values.config.logLevel | quote }}
TODO_TRUSTED_PROXIES: {{ .Values.config.trustedProxies | join "," | quote }}
TODO_DATABASE_HOST: {{ .Values.database.host | quote }}
TODO_DATABASE_PORT: {{ .Values.database.port | int | quote }}
TODO_DATABASE_NAME: {{ .Values.database.name | quote }}
TODO_DATABASE_USER: {{ .Values.database.user | quote }}
TODO_DATABASE_POOLER: {{ .Values.database.pooler | quote }}
TODO_SHARDS: {{ include "todo-app.shards" (dict "shards" .Values.database.shards) | quote }}
TODO_REDIS_HOST: {{ .Values.redis.host | quote }}
TODO_REDIS_PORT: {{ .Values.redis.port | int | quote }}
TODO_SECRETS_DIR: /run/secrets/todo-app
{{- end }}

{{/* The further databases as the app reads them, past their poolers on wish: (dict "shards" … "direct" true) */}}
{{- define "todo-app.shards" -}}
{{- $entries := list -}}
{{- range .shards -}}
{{- $host := ternary .directHost .host (and (default false $.direct) (not (empty .directHost))) -}}
{{- $port := ternary (.directPort | default 5432) .port (and (default false $.direct) (not (empty .directHost))) -}}
{{- $entries = append $entries (printf "%s=%s:%d/%s" .name $host (int $port) .database) -}}
{{- end -}}
{{- $entries | join "," -}}
{{- end }}

{{/* What the migration reads: PostgreSQL itself, because its lock belongs to a session, which a pooler would share */}}
{{- define "todo-app.migrate.config" -}}
{{- $config := include "todo-app.config" . | fromYaml -}}
{{- if ne .Values.database.pooler "none" -}}
{{- $shards := include "todo-app.shards" (dict "shards" .Values.database.shards "direct" true) -}}
{{- $own := dict "TODO_DATABASE_POOLER" "none" "TODO_DATABASE_HOST" .Values.database.directHost "TODO_SHARDS" $shards -}}
{{- $_ := set $own "TODO_DATABASE_PORT" (.Values.database.directPort | int | toString) -}}
{{- $config = mergeOverwrite $config $own -}}
{{- end -}}
{{- $config | toYaml -}}
{{- end }}

{{/* What only gunicorn reads */}}
{{- define "todo-app.web.config" -}}
{{ include "todo-app.config" . }}
TODO_WEB_WORKERS: {{ .Values.web.workers | int | quote }}
TODO_WEB_THREADS: {{ .Values.web.threads | int | quote }}
{{- if .Values.web.drain.enabled }}
TODO_GRACEFUL_TIMEOUT: {{ .Values.web.drain.gracefulSeconds | int | quote }}
{{- else }}
GUNICORN_CMD_ARGS: --graceful-timeout=0
{{- end }}
{{- $issuer := include "todo-app.issuer" . }}
{{- with .Values.config.oidc }}
{{- if $issuer }}
TODO_OIDC_ISSUER: {{ $issuer | quote }}
TODO_OIDC_AUDIENCE: {{ .audience | quote }}
TODO_OIDC_JWKS_URL: {{ .jwksUrl | quote }}
TODO_OIDC_GROUPS_CLAIM: {{ .groupsClaim | quote }}
TODO_OIDC_ADMIN_GROUP: {{ .adminGroup | quote }}
TODO_OIDC_SIGN_IN: {{ .signIn | quote }}
TODO_OIDC_AUTHORIZE_URL: {{ .authorizeUrl | quote }}
TODO_OIDC_SCOPES: {{ .scopes | quote }}
{{- if include "todo-app.vault.issuer" $ }}
TODO_OIDC_AUTHORITY_FILE: /run/vault-ca/ca.crt
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Whose tokens are taken: the identity provider of the values, or Vault's */}}
{{- define "todo-app.issuer" -}}
{{- include "todo-app.vault.issuer" . | default .Values.config.oidc.issuer -}}
{{- end }}

{{/* What only the relay reads */}}
{{- define "todo-app.relay.config" -}}
{{ include "todo-app.config" . }}
TODO_RELAY_FOLDER: /var/lib/todo-app/events
TODO_RELAY_FILE_KIB: {{ .Values.relay.files.fileKib | int | quote }}
TODO_RELAY_FILES: {{ .Values.relay.files.count | int | quote }}
TODO_RELAY_FSYNC: {{ .Values.relay.files.fsync | quote }}
TODO_RELAY_BATCH: {{ .Values.relay.batch | int | quote }}
TODO_RELAY_TRIES: {{ .Values.relay.tries | int | quote }}
{{- end }}

{{/* What only the chores read */}}
{{- define "todo-app.maintenance.config" -}}
{{ include "todo-app.config" . }}
TODO_OUTBOX_DAYS: {{ .Values.maintenance.outboxDays | int | quote }}
TODO_VIOLATION_RETENTION_MONTHS: {{ .Values.maintenance.violationMonths | int | quote }}
TODO_AUDIT_RETENTION_DAYS: {{ .Values.maintenance.auditDays | int | quote }}
{{- end }}

{{/* The environment of a container, from text of lines `NAME: value` */}}
{{- define "todo-app.env" -}}
{{- range $name, $value := . | fromYaml }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "todo-app.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "todo-app.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* The volumes of every pod of the image: (dict "root" $ "component" "web"): its secrets, and /tmp in memory */}}
{{- define "todo-app.volumes" -}}
{{- with .root -}}
{{- if .Values.vault.enabled -}}
- name: secrets
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
{{ include "todo-app.volumes.tmp" . }}
{{- else -}}
{{ include "todo-app.volumes.mounted" . }}
{{- end }}
{{- end }}
{{- include "todo-app.vault.volumes" . }}
{{- end }}

{{/* The Secret as files, without Vault and for the tests */}}
{{- define "todo-app.volumes.mounted" -}}
- name: secrets
  secret:
    secretName: {{ .Values.secret.name }}
    defaultMode: 0440
{{ include "todo-app.volumes.tmp" . }}
{{- end }}

{{- define "todo-app.volumes.tmp" -}}
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: {{ .Values.web.scratch.sizeLimit }}
{{- end }}

{{- define "todo-app.volumeMounts" -}}
- name: secrets
  mountPath: /run/secrets/todo-app
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- end }}

{{/* Databases and an identity provider that could not be used or reached */}}
{{- define "todo-app.check.reach" -}}
{{- $policy := .Values.networkPolicy -}}
{{- with .Values.database -}}
{{- if and (ne .pooler "none") (not .directHost) -}}
{{- fail "database.directHost is empty: behind database.pooler the migration needs PostgreSQL itself" -}}
{{- end -}}
{{- range .shards -}}
{{- if and (ne $.Values.database.pooler "none") (not .directHost) -}}
{{- fail (printf "database.shards: %s has no directHost: behind database.pooler the migration needs PostgreSQL itself" .name) -}}
{{- end -}}
{{- end -}}
{{- if and .shards $policy.enabled (not $policy.shards.cidrs) -}}
{{- fail "networkPolicy.shards.cidrs is empty: nothing could reach database.shards" -}}
{{- end -}}
{{- end -}}
{{- with .Values.config.oidc -}}
{{- if and .issuer (not .audience) -}}
{{- fail "config.oidc.audience is empty: with config.oidc.issuer it says which tokens are for this service" -}}
{{- end -}}
{{- if and .signIn (not (include "todo-app.issuer" $)) -}}
{{- fail "config.oidc.signIn is set and there is no issuer: set config.oidc.issuer or vault.oidcClient" -}}
{{- end -}}
{{- if and .issuer $policy.enabled (not $policy.issuer.cidrs) -}}
{{- fail "networkPolicy.issuer.cidrs is empty: the keys of config.oidc.issuer could not be fetched" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Contradictions a schema cannot see */}}
{{- define "todo-app.check" -}}
{{- with .Values.web -}}
{{- $needed := add .drain.preStopSeconds .drain.gracefulSeconds -}}
{{- if ge (int $needed) (int .terminationGracePeriodSeconds) -}}
{{- fail (printf "web.drain.preStopSeconds + web.drain.gracefulSeconds = %d s must be below web.terminationGracePeriodSeconds = %d s: pods would be killed with requests in them" (int $needed) (int .terminationGracePeriodSeconds)) -}}
{{- end -}}
{{- if and .autoscaling.enabled (lt (int .autoscaling.maxReplicas) (int .autoscaling.minReplicas)) -}}
{{- fail (printf "web.autoscaling.maxReplicas = %d is below minReplicas = %d" (int .autoscaling.maxReplicas) (int .autoscaling.minReplicas)) -}}
{{- end -}}
{{- end -}}
{{- with .Values.relay -}}
{{- if regexMatch "^[1-9][0-9]*(Mi|Gi)$" .files.sizeLimit -}}
{{- $mebibytes := regexReplaceAll "[MG]i$" .files.sizeLimit "" | int -}}
{{- $room := ternary (mul $mebibytes 1024 1024) (mul $mebibytes 1024) (hasSuffix "Gi" .files.sizeLimit) -}}
{{- $most := mul (int .files.fileKib) (int .files.count) -}}
{{- if ge (int $most) (int $room) -}}
{{- fail (printf "relay.files.fileKib * relay.files.count = %d KiB must be below relay.files.sizeLimit = %s: the kubelet would evict the pod" (int $most) .files.sizeLimit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "todo-app.check.reach" . -}}
{{- include "todo-app.check.vault" . -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.hosts) -}}
{{- fail "gateway.hosts is empty: a route without hosts takes those of others" -}}
{{- end -}}
{{- if and (eq .Values.config.environment "production") .Values.config.demoUser -}}
{{- fail "config.demoUser is on: production has no demo user" -}}
{{- end -}}
{{- end }}
