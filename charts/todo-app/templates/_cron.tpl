{{/*
Spec of a CronJob of the image: (dict "root" $ "component" "maintenance" "values" .Values.maintenance "config" <lines>).
The component is also the command, and the suffix of the account's name.
*/}}
{{- define "todo-app.cron" -}}
{{- $name := printf "%s-%s" .root.Release.Name .component -}}
schedule: {{ .values.schedule | quote }}
timeZone: Etc/UTC
# A run that is still going is not joined by another; a run missed for longer than this is skipped.
concurrencyPolicy: Forbid
startingDeadlineSeconds: {{ .values.startingDeadlineSeconds | int }}
successfulJobsHistoryLimit: 1
failedJobsHistoryLimit: 3
jobTemplate:
  metadata:
    labels:
      {{- include "todo-app.podLabels" . | nindent 6 }}
  spec:
    backoffLimit: {{ .values.backoffLimit | int }}
    activeDeadlineSeconds: {{ .values.activeDeadlineSeconds | int }}
    ttlSecondsAfterFinished: {{ .values.ttlSecondsAfterFinished | int }}
    template:
      metadata:
        labels:
          {{- include "todo-app.podLabels" . | nindent 10 }}
      spec:
        restartPolicy: Never
        serviceAccountName: {{ $name }}
        automountServiceAccountToken: false
        enableServiceLinks: false
        {{- with .values.priorityClassName }}
        priorityClassName: {{ . }}
        {{- end }}
        securityContext:
          {{- include "todo-app.podSecurity" .root | nindent 10 }}
        {{- with include "todo-app.vault.agent" . }}
        initContainers:
          {{- . | nindent 10 }}
        {{- end }}
        containers:
          - name: {{ .component }}
            image: {{ include "todo-app.image" .root }}
            imagePullPolicy: {{ .root.Values.image.pullPolicy }}
            args: [{{ .component }}]
            env:
              {{- include "todo-app.env" .config | nindent 14 }}
            resources:
              {{- toYaml .values.resources | nindent 14 }}
            securityContext:
              {{- include "todo-app.containerSecurity" .root | nindent 14 }}
            terminationMessagePolicy: FallbackToLogsOnError
            volumeMounts:
              {{- include "todo-app.volumeMounts" .root | nindent 14 }}
        volumes:
          {{- include "todo-app.volumes" . | nindent 10 }}
{{- end }}
