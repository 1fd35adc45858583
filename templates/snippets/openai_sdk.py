from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:4000", api_key="sk-…")  # your LiteLLM proxy

for question in ("What is the capital of France?", "And of Japan?"):
    client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": question}],
        # Requests with the same id are one session here.
        extra_body={"metadata": {"litellm_trace_id": "hello-1"}},
    )
