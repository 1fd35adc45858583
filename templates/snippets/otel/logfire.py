import logfire
from openai import OpenAI

logfire.configure(send_to_logfire=False, console=False)
logfire.instrument_openai()

client = OpenAI()
for question in ("What is the capital of France?", "And of Japan?"):
    with logfire.set_baggage(session_id="chat-42", user_id="ada"):
        client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": question}],
        )
