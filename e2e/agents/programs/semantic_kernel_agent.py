"""Semantic Kernel: an agent with a plugin; its thread has two turns."""

import asyncio

from notes import BE_BRIEF, FOLLOW_UP, MODEL, TASK, add_line, list_notes, read_note
from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.functions import kernel_function


class Notes:
    list_notes = staticmethod(kernel_function(list_notes))
    read_note = staticmethod(kernel_function(read_note))
    add_line = staticmethod(kernel_function(add_line))


async def main() -> None:
    service = OpenAIChatCompletion(ai_model_id=MODEL)
    agent = ChatCompletionAgent(service=service, name="keeper", instructions=BE_BRIEF, plugins=[Notes()])
    thread = None
    for text in (TASK, FOLLOW_UP):
        answer = await agent.get_response(messages=text, thread=thread)
        thread = answer.thread
    print(answer)


asyncio.run(main())
