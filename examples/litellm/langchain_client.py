"""Two chat completions in one session, with LangChain through a LiteLLM proxy.

pip install langchain-openai
"""

import os
import uuid

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI

trace_id = os.environ.get("TRACE_ID") or f"langchain-{uuid.uuid4()}"
# ChatOpenAI's own `metadata=` stays inside LangChain; only `extra_body` is sent.
model = ChatOpenAI(
    model="gpt-4o-mini",
    base_url=os.environ.get("LITELLM_PROXY_URL", "http://127.0.0.1:4000"),
    api_key=os.environ.get("LITELLM_MASTER_KEY", "sk-local-example"),
    extra_body={"metadata": {"litellm_trace_id": trace_id}},
)
messages = []

for question in ("What is the capital of France?", "And how many people live there?"):
    messages.append(HumanMessage(question))
    answer = model.invoke(messages)
    messages.append(answer)
    print(answer.content)

print("session:", trace_id)
