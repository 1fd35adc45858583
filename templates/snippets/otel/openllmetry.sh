pip install openai traceloop-sdk
{% include "snippets/otel/env.sh" %}python app.py
