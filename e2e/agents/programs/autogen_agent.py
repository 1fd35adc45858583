"""AutoGen: an assistant with tools, asked twice."""

import asyncio

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from notes import BE_BRIEF, FOLLOW_UP, MODEL, TASK, add_line, list_notes, read_note


async def main() -> None:
    client = OpenAIChatCompletionClient(model=MODEL)
    agent = AssistantAgent(
        "keeper",
        client,
        tools=[list_notes, read_note, add_line],
        system_message=BE_BRIEF,
        max_tool_iterations=5,
    )
    for text in (TASK, FOLLOW_UP):
        result = await agent.run(task=text)
    print(result.messages[-1].content)


asyncio.run(main())
