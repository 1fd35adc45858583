npm install ai@6 @ai-sdk/openai@3 @opentelemetry/sdk-node
{% include "snippets/otel/env.sh" %}node app.mjs
