pip install openai opentelemetry-instrumentation-genai-openai opentelemetry-exporter-otlp-proto-http
{% include "snippets/otel/env.sh" %}export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only
python app.py
