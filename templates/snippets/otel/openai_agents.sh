pip install openai-agents openinference-instrumentation-openai-agents opentelemetry-exporter-otlp-proto-http
{% include "snippets/otel/env.sh" %}python app.py
