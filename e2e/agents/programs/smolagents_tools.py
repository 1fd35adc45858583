"""smolagents: an agent that calls tools and a managed agent; it writes past calls as text."""

from notes import FOLLOW_UP, MODEL, TASK, add_line, count_lines, read_note
from smolagents import OpenAIServerModel, ToolCallingAgent, tool

model = OpenAIServerModel(model_id=MODEL)
counter = ToolCallingAgent([tool(count_lines)], model, name="counter", description="Counts lines.")
keeper = ToolCallingAgent([tool(read_note), tool(add_line)], model, managed_agents=[counter])
keeper.run(TASK)
print(keeper.run(FOLLOW_UP, reset=False))
