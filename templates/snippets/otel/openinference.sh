pip install openai openinference-instrumentation-openai opentelemetry-exporter-otlp-proto-http
{% include "snippets/otel/env.sh" %}python app.py
