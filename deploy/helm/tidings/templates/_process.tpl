{{- define "tidings.labels" -}}
app.kubernetes.io/name: tidings
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* A Deployment of processes with one role. Why each line is there stands in deploy/kubernetes. */}}
{{- define "tidings.process" -}}
{{- $root := .root -}}
{{- $port := ternary "metrics" "http" (eq .role "worker") -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  labels: {{- include "tidings.labels" . | nindent 4 }}
spec:
  {{- if eq .role "start" }}
  replicas: 1
  strategy: { type: Recreate }
  {{- else if eq .role "api" }}
  strategy:
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  {{- else }}
  strategy:
    rollingUpdate: { maxUnavailable: 25%, maxSurge: 25% }
  {{- end }}
  selector:
    matchLabels: {{- include "tidings.labels" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "tidings.labels" . | nindent 8 }}
      annotations:
        # Changed settings are new processes.
        checksum/settings: {{ toYaml $root.Values.settings | sha256sum }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 45
      {{- if ne .role "start" }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "tidings.labels" . | nindent 14 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        runAsGroup: 1000
        {{- if eq .role "start" }}
        fsGroup: 1000
        fsGroupChangePolicy: OnRootMismatch
        {{- end }}
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: tidings
          image: "{{ $root.Values.image.repository }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}"
          args: [{{ .role }}]
          ports:
            - name: {{ $port }}
              containerPort: {{ ternary 9100 8000 (eq .role "worker") }}
          {{- if eq .role "api" }}
          env:
            - { name: DRAIN_SECONDS, value: "5" }
          {{- end }}
          envFrom:
            - configMapRef: { name: {{ $root.Release.Name }} }
            - secretRef: { name: {{ $root.Values.secretName }} }
          startupProbe:
            httpGet: { path: /health/live, port: {{ $port }} }
            periodSeconds: 2
            failureThreshold: 150
          livenessProbe:
            httpGet: { path: /health/live, port: {{ $port }} }
            periodSeconds: 10
            timeoutSeconds: 5
          readinessProbe:
            httpGet: { path: {{ ternary "/health/ready" "/health/live" (eq .role "api") }}, port: {{ $port }} }
            periodSeconds: 5
            timeoutSeconds: 3
          resources: {{- toYaml $root.Values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          volumeMounts:
            {{- if eq .role "start" }}
            - { name: data, mountPath: /data }
            {{- end }}
            - { name: tmp, mountPath: /tmp }
      volumes:
        {{- if eq .role "start" }}
        - name: data
          persistentVolumeClaim: { claimName: {{ .name }} }
        {{- end }}
        - name: tmp
          emptyDir: { sizeLimit: 64Mi }
{{- end }}
