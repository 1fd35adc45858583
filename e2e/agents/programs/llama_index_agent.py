"""LlamaIndex: an agent with a memory of two turns."""

import asyncio
import os

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.llms.openai_like import OpenAILike
from notes import BE_BRIEF, FOLLOW_UP, MODEL, TASK, add_line, list_notes, read_note


async def main() -> None:
    llm = OpenAILike(
        model=MODEL,
        api_base=os.environ["OPENAI_BASE_URL"],
        api_key=os.environ["OPENAI_API_KEY"],
        is_chat_model=True,
        is_function_calling_model=True,
    )
    agent = FunctionAgent(tools=[list_notes, read_note, add_line], llm=llm, system_prompt=BE_BRIEF)
    memory = ChatMemoryBuffer.from_defaults(token_limit=100_000)
    for text in (TASK, FOLLOW_UP):
        answer = await agent.run(text, memory=memory)
    print(answer)


asyncio.run(main())
