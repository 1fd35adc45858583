"""Two chat completions in one session, with the OpenAI SDK through a LiteLLM proxy.

pip install openai
"""

import os
import uuid

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("LITELLM_PROXY_URL", "http://127.0.0.1:4000"),
    api_key=os.environ.get("LITELLM_MASTER_KEY", "sk-local-example"),
)
trace_id = os.environ.get("TRACE_ID") or f"openai-{uuid.uuid4()}"
messages = []

for question in ("What is the capital of France?", "And how many people live there?"):
    messages.append({"role": "user", "content": question})
    completion = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=messages,
        extra_body={"metadata": {"litellm_trace_id": trace_id}},
    )
    answer = completion.choices[0].message.content
    messages.append({"role": "assistant", "content": answer})
    print(answer)

print("session:", trace_id)
