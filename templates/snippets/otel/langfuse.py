from langfuse import get_client, propagate_attributes
from langfuse.openai import OpenAI

client = OpenAI()
for question in ("What is the capital of France?", "And of Japan?"):
    with propagate_attributes(session_id="chat-42", user_id="ada"):
        client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": question}],
        )

get_client().flush()
