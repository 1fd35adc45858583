"""Agno: an agent that keeps its history in a database."""

import os

from agno.agent import Agent
from agno.db.in_memory import InMemoryDb
from agno.models.openai.like import OpenAILike
from notes import BE_BRIEF, FOLLOW_UP, MODEL, TASK, add_line, list_notes, read_note

model = OpenAILike(id=MODEL, base_url=os.environ["OPENAI_BASE_URL"], api_key=os.environ["OPENAI_API_KEY"])
agent = Agent(
    model=model,
    tools=[list_notes, read_note, add_line],
    instructions=BE_BRIEF,
    db=InMemoryDb(),
    add_history_to_context=True,
    telemetry=False,
)
for text in (TASK, FOLLOW_UP):
    answer = agent.run(text, session_id="1")
print(answer.content)
