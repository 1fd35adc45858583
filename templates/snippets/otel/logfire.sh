pip install openai logfire
{% include "snippets/otel/env.sh" %}python app.py
