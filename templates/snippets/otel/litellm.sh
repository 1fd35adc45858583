pip install litellm opentelemetry-exporter-otlp-proto-http
{% include "snippets/otel/env.sh" %}export LITELLM_OTEL_V2=true
export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only
python app.py
