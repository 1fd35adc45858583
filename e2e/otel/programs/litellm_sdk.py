"""LiteLLM's own callback, in programs that use its SDK."""

import asyncio
import contextlib
from typing import Any

import litellm
from scenario import FUNCTION

litellm.suppress_debug_info = True
litellm.callbacks = ["otel"]
CALL = {"model": "openai/gpt-4o-mini", "metadata": {"session_id": "chat-1"}, "user": "ada"}


async def ask(text: str, **more: Any) -> Any:
    return await litellm.acompletion(messages=[{"role": "user", "content": text}], **(CALL | more))


async def main() -> None:
    await ask("Hello out there")
    async for _ in await ask("Say it slowly please", stream=True, stream_options={"include_usage": True}):
        pass
    await ask("What is the weather in Paris?", tools=[{"type": "function", "function": FUNCTION}])
    with contextlib.suppress(litellm.BadRequestError):
        await ask("Please fail now")
    await asyncio.sleep(1)


asyncio.run(main())
