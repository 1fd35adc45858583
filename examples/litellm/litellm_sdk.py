"""Two chat completions in one session, by the LiteLLM SDK alone: logsui_callback.py posts them, no proxy is needed.

pip install litellm
"""

import os
import uuid

import litellm
import logsui_callback  # LOGSUI_API_KEY and LOGSUI_ENDPOINT say where to

litellm.callbacks = [logsui_callback.instance]
trace_id = os.environ.get("TRACE_ID") or f"litellm-sdk-{uuid.uuid4()}"
messages = []

for question in ("What is the capital of France?", "And how many people live there?"):
    messages.append({"role": "user", "content": question})
    completion = litellm.completion(
        model="openai/gpt-4o-mini",
        messages=messages,
        metadata={"litellm_trace_id": trace_id},
        # LiteLLM answers by itself; without this line OPENAI_API_KEY is used and the real model is asked.
        mock_response="Paris is the capital of France.",
    )
    answer = completion.choices[0].message.content
    messages.append({"role": "assistant", "content": answer})
    print(answer)

print("session:", trace_id)
