{{/* The pod of the migration. Its environment is written out: a hook runs before the release's ConfigMap exists. */}}
{{- define "todo-app.migrate.pod" -}}
restartPolicy: Never
serviceAccountName: {{ include "todo-app.migrate.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.migrate.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  {{- include "todo-app.podSecurity" . | nindent 2 }}
{{- with include "todo-app.vault.agent" (dict "root" . "component" "migrate") }}
initContainers:
  {{- . | nindent 2 }}
{{- end }}
containers:
  - name: migrate
    image: {{ include "todo-app.image" . }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    args: [migrate]
    env:
      {{- include "todo-app.env" (include "todo-app.migrate.config" .) | nindent 6 }}
    resources:
      {{- toYaml .Values.migrate.resources | nindent 6 }}
    securityContext:
      {{- include "todo-app.containerSecurity" . | nindent 6 }}
    terminationMessagePolicy: FallbackToLogsOnError
    volumeMounts:
      {{- include "todo-app.volumeMounts" . | nindent 6 }}
volumes:
  {{- include "todo-app.volumes" (dict "root" . "component" "migrate") | nindent 2 }}
{{- end }}

{{- define "todo-app.migrate.checksum" -}}
{{ include "todo-app.migrate.pod" . | sha256sum | trunc 16 }}
{{- end }}

{{/* "true" unless the very same migration has already succeeded in this namespace */}}
{{- define "todo-app.migrate.due" -}}
{{- if .Values.migrate.enabled -}}
{{- $job := lookup "batch/v1" "Job" .Release.Namespace (include "todo-app.migrate.job" .) | default dict -}}
{{- $same := eq (dig "metadata" "annotations" "slipway.local/checksum-migrate" "" $job) (include "todo-app.migrate.checksum" .) -}}
{{- $succeeded := ge (dig "status" "succeeded" 0 $job | int) 1 -}}
{{- if not (and $same $succeeded) -}}true{{- end -}}
{{- end -}}
{{- end }}

{{/* Before install and upgrade, replacing what an earlier try left: (dict "weight" "0") */}}
{{- define "todo-app.migrate.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation
{{- end }}
