pip install "openai<3" "opentelemetry-instrumentation-openai-v2==2.4b0" "opentelemetry-util-genai==0.4b0" \
  opentelemetry-distro opentelemetry-exporter-otlp-proto-http
{% include "snippets/otel/env.sh" %}export OTEL_METRICS_EXPORTER=none
export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true
opentelemetry-instrument python app.py
