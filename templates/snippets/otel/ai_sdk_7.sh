npm install ai@7 @ai-sdk/otel @ai-sdk/openai@4 @opentelemetry/sdk-node
{% include "snippets/otel/env.sh" %}node app.mjs
