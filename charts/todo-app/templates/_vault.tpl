{{/*
Secrets from Vault: an agent beside each pod signs in as the pod's service account and writes the files that the app
reads. It is a sidecar that starts before the app and ends with it, so a Job ends, too.
*/}}

{{- define "todo-app.vault.name" -}}
{{ .Release.Name }}-vault-agent
{{- end }}

{{/* The agent's container, nothing without Vault: (dict "root" $ "component" "web") */}}
{{- define "todo-app.vault.agent" -}}
{{- if .root.Values.vault.enabled -}}
{{- $vault := .root.Values.vault -}}
- name: vault-agent
  image: {{ $vault.image }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  restartPolicy: Always
  command: [vault, agent, -config=/run/vault-agent/{{ .component }}.hcl]
  env:
    - name: VAULT_ADDR
      value: {{ $vault.address | quote }}
    - name: VAULT_CACERT
      value: /run/vault-ca/ca.crt
    - name: HOME
      value: /run/secrets/todo-app
    - name: GOMEMLIMIT
      value: {{ $vault.goMemory }}
  resources:
    {{- toYaml $vault.resources | nindent 4 }}
  securityContext:
    {{- include "todo-app.containerSecurity" .root | nindent 4 }}
  # The app starts when its files are there.
  startupProbe:
    exec:
      command: [sh, -c, {{ printf "cd /run/secrets/todo-app && test -s %s" (include "todo-app.vault.files" . | splitList " " | join " && test -s ") | quote }}]
    periodSeconds: 1
    timeoutSeconds: 3
    failureThreshold: {{ $vault.startSeconds | int }}
    successThreshold: 1
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - name: secrets
      mountPath: /run/secrets/todo-app
    - name: vault-agent
      mountPath: /run/vault-agent
      readOnly: true
    - name: vault-ca
      mountPath: /run/vault-ca
      readOnly: true
    - name: vault-token
      mountPath: /run/vault-token
      readOnly: true
{{- end -}}
{{- end }}

{{/* What the app cannot start without, by name */}}
{{- define "todo-app.vault.files" -}}
database-login django-secret-key redis-password
{{- if eq .component "migrate" }} admin-password{{ if .root.Values.config.demoUser }} demo-password{{ end }}{{ end }}
{{- if and (eq .component "web") .root.Values.vault.oidcClient }} oidc-client-id oidc-client-secret{{ end }}
{{- end }}

{{- define "todo-app.vault.volumes" -}}
{{- if .root.Values.vault.enabled }}
- name: vault-agent
  configMap:
    name: {{ include "todo-app.vault.name" .root }}{{ if eq .component "migrate" }}-migrate{{ end }}
    defaultMode: 0444
- name: vault-ca
  configMap:
    name: {{ .root.Values.vault.authority }}
    defaultMode: 0444
# For Vault alone: the API server would not take it.
- name: vault-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          audience: vault
          expirationSeconds: 600
          path: token
{{- end }}
{{- end }}

{{/* The agent's file: (dict "root" $ "component" "web"). It tries for as long as Vault is away; the app has its files. */}}
{{- define "todo-app.vault.config" -}}
{{- $own := printf "secret/data/todo-app/%s" .component -}}
{{- $common := "secret/data/todo-app/common" -}}
auto_auth {
  method "kubernetes" {
    mount_path  = "auth/kubernetes"
    min_backoff = "1s"
    max_backoff = "5s"
    config = {
      role       = {{ .component | quote }}
      token_path = "/run/vault-token/token"
    }
  }
}
vault {
  retry {
    num_retries = 12
  }
}
template_config {
  exit_on_retry_failure         = false
  static_secret_render_interval = {{ printf "%ds" (.root.Values.vault.refreshSeconds | int) | quote }}
}
{{- $login := printf "{{ with secret %q }}{{ .Data.username }}\n{{ .Data.password }}{{ end }}" (printf "database/creds/%s" .component) }}
{{- include "todo-app.vault.template" (dict "file" "database-login" "contents" $login) }}
{{- range $file := list "django-secret-key" "redis-password" }}
{{- include "todo-app.vault.template" (dict "file" $file "contents" (include "todo-app.vault.key" (dict "path" $common "key" $file))) }}
{{- end }}
{{- $more := printf "{{ with secret %q }}{{ with index .Data.data %q }}{{ . }}{{ end }}{{ end }}" $common "django-secret-key-fallbacks" }}
{{- include "todo-app.vault.template" (dict "file" "django-secret-key-fallbacks" "contents" $more) }}
{{- if eq .component "migrate" }}
{{- range $file := compact (list "admin-password" (ternary "demo-password" "" .root.Values.config.demoUser)) }}
{{- include "todo-app.vault.template" (dict "file" $file "contents" (include "todo-app.vault.key" (dict "path" $own "key" $file))) }}
{{- end }}
{{- end }}
{{- if eq .component "web" }}
{{- with .root.Values.vault.oidcClient }}
{{- range $field := list "client_id" "client_secret" }}
{{- $contents := printf "{{ with secret \"identity/oidc/client/%s\" }}{{ .Data.%s }}{{ end }}" $.root.Values.vault.oidcClient $field }}
{{- include "todo-app.vault.template" (dict "file" (printf "oidc-%s" ($field | replace "_" "-")) "contents" $contents) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* One key of a KV secret */}}
{{- define "todo-app.vault.key" -}}
{{ printf "{{ with secret %q }}{{ index .Data.data %q }}{{ end }}" .path .key }}
{{- end }}

{{/* Written beside and renamed, so that nobody reads half of it */}}
{{- define "todo-app.vault.template" }}
template {
  destination          = "/run/secrets/todo-app/{{ .file }}"
  perms                = "0400"
  error_on_missing_key = true
  contents             = {{ .contents | quote }}
}
{{- end }}

{{/* Vault as the identity provider; nothing where it is none */}}
{{- define "todo-app.vault.issuer" -}}
{{- with .Values.vault -}}
{{- if and .enabled .oidcClient -}}
{{ .address }}/v1/identity/oidc/provider/{{ .oidcProvider }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* What the app itself reads of Vault: the authority of its identity provider */}}
{{- define "todo-app.vault.mounts" -}}
{{- if include "todo-app.vault.issuer" . }}
- name: vault-ca
  mountPath: /run/vault-ca
  readOnly: true
{{- end }}
{{- end }}

{{- define "todo-app.check.vault" -}}
{{- with .Values.vault -}}
{{- if and .enabled (not .image) -}}
{{- fail "vault.image is empty: `slipway images` lists the built ones" -}}
{{- end -}}
{{- if and .enabled $.Values.networkPolicy.enabled (not $.Values.networkPolicy.vault.enabled) -}}
{{- fail "networkPolicy.vault.enabled is off: the agents could not reach Vault" -}}
{{- end -}}
{{- if and .enabled .oidcClient $.Values.config.oidc.issuer -}}
{{- fail "config.oidc.issuer and vault.oidcClient are set: there is one issuer" -}}
{{- end -}}
{{- if and .enabled $.Values.database.shards -}}
{{- fail "database.shards are set: Vault's users are of one database" -}}
{{- end -}}
{{- if and .enabled (ne $.Values.database.pooler "none") -}}
{{- fail "database.pooler is set: a pooler does not know users that come and go" -}}
{{- end -}}
{{- end -}}
{{- end }}
