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

{{/* Ingress peers by namespace */}}
{{- define "todo-app.ingress.namespaces" -}}
{{- range . }}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ . }}
{{- end }}
{{- end }}
