"""Pydantic AI: an agent whose tool runs another agent. With an endpoint for telemetry, it sends spans."""

import os

from notes import BE_BRIEF, FOLLOW_UP, MODEL, TASK, add_line, count_lines, read_note
from pydantic_ai import Agent

if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
    import logfire

    logfire.configure(send_to_logfire=False, console=False)
    logfire.instrument_pydantic_ai()
counter = Agent(f"openai-chat:{MODEL}", name="counter", instructions="You count.", tools=[count_lines])
keeper = Agent(f"openai-chat:{MODEL}", name="keeper", instructions=BE_BRIEF, tools=[read_note, add_line])


@keeper.tool_plain
async def ask_counter(question: str) -> str:
    """Ask somebody who counts lines."""
    return (await counter.run(question)).output


first = keeper.run_sync(TASK)
print(keeper.run_sync(FOLLOW_UP, message_history=first.all_messages()).output)
