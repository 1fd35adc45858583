import asyncio

import litellm

litellm.callbacks = ["otel"]


async def main():
    for question in ("What is the capital of France?", "And of Japan?"):
        await litellm.acompletion(
            model="openai/gpt-4o-mini",
            messages=[{"role": "user", "content": question}],
            metadata={"session_id": "chat-42"},
        )
    await asyncio.sleep(1)  # the callback runs behind the answer


asyncio.run(main())
