pip install "strands-agents[openai,otel]"
{% include "snippets/otel/env.sh" %}python app.py
