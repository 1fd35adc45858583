"""Two chat completions in one session, with the LiteLLM SDK and without a proxy: logsui_callback.py posts them.

pip install litellm
"""

import os
import uuid

import litellm
import logsui_callback  # uses LOGSUI_API_KEY and LOGSUI_ENDPOINT

litellm.callbacks = [logsui_callback.instance]
trace_id = os.environ.get("TRACE_ID") or f"litellm-sdk-{uuid.uuid4()}"
messages = []

for question in ("What is the capital of France?", "And how many people live there?"):
    messages.append({"role": "user", "content": question})
    completion = litellm.completion(
        model="openai/gpt-4o-mini",
        messages=messages,
        metadata={"litellm_trace_id": trace_id},
        # LiteLLM makes up the response. Without this line it calls the real model with OPENAI_API_KEY.
        mock_response="Paris is the capital of France.",
    )
    answer = completion.choices[0].message.content
    messages.append({"role": "assistant", "content": answer})
    print(answer)

print("session:", trace_id)
