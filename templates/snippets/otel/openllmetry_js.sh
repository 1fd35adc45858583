npm install openai @traceloop/node-server-sdk @opentelemetry/exporter-trace-otlp-proto
{% include "snippets/otel/env.sh" %}node app.mjs
