"""Two chat completions in one session, with the LiteLLM SDK through a LiteLLM proxy.

pip install litellm
"""

import os
import uuid

import litellm

trace_id = os.environ.get("TRACE_ID") or f"litellm-proxy-{uuid.uuid4()}"
messages = []

for question in ("What is the capital of France?", "And how many people live there?"):
    messages.append({"role": "user", "content": question})
    # The SDK does not send its argument `metadata` to the proxy; it sends `extra_body`.
    completion = litellm.completion(
        model="litellm_proxy/gpt-4o-mini",
        api_base=os.environ.get("LITELLM_PROXY_URL", "http://127.0.0.1:4000"),
        api_key=os.environ.get("LITELLM_MASTER_KEY", "sk-local-example"),
        messages=messages,
        extra_body={"metadata": {"litellm_trace_id": trace_id}},
    )
    answer = completion.choices[0].message.content
    messages.append({"role": "assistant", "content": answer})
    print(answer)

print("session:", trace_id)
