pip install google-adk litellm opentelemetry-exporter-otlp-proto-http
{% include "snippets/otel/env.sh" %}export OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental
export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY
python app.py
