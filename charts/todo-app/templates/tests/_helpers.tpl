{{- define "todo-app.test.hook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation
{{- end }}

{{/* A pod that runs one script of files/ with the app's Python: (dict "root" $ "script" "health" "weight" "0" "secrets" false) */}}
{{- define "todo-app.test.pod" -}}
{{- $root := .root -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "todo-app.test.name" $root }}-{{ .script }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "todo-app.labels" (dict "root" $root "component" "test") | nindent 4 }}
  annotations:
    {{- include "todo-app.test.hook" (dict "weight" .weight) | nindent 4 }}
    slipway.local/reason-no-disruption-budget: runs once, started by hand
spec:
  restartPolicy: Never
  activeDeadlineSeconds: 120
  serviceAccountName: {{ include "todo-app.test.name" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext:
    {{- include "todo-app.podSecurity" $root | nindent 4 }}
  containers:
    - name: {{ .script }}
      image: {{ include "todo-app.image" $root }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      command: [python3, /tests/{{ .script }}.py]
      env:
        - name: BASE_URL
          value: http://{{ include "todo-app.web.name" $root }}.{{ $root.Release.Namespace }}.svc
      resources:
        requests: {cpu: 10m, memory: 32Mi}
        limits: {cpu: 500m, memory: 64Mi}
      securityContext:
        {{- include "todo-app.containerSecurity" $root | nindent 8 }}
      terminationMessagePolicy: FallbackToLogsOnError
      volumeMounts:
        - name: tests
          mountPath: /tests
          readOnly: true
        {{- if .secrets }}
        {{- include "todo-app.volumeMounts" $root | nindent 8 }}
        {{- end }}
  volumes:
    - name: tests
      configMap:
        name: {{ include "todo-app.test.name" $root }}
    {{- if .secrets }}
    {{- include "todo-app.volumes.mounted" $root | nindent 4 }}
    {{- end }}
{{- end }}
