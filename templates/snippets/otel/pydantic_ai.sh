pip install "pydantic-ai-slim[openai]" opentelemetry-exporter-otlp-proto-http
{% include "snippets/otel/env.sh" %}python app.py
