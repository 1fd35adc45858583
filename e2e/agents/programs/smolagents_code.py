"""smolagents: an agent that acts by writing code."""

from notes import FOLLOW_UP, MODEL, TASK, add_line, list_notes, read_note
from smolagents import CodeAgent, OpenAIServerModel, tool

model = OpenAIServerModel(model_id=MODEL)
keeper = CodeAgent([tool(each) for each in (list_notes, read_note, add_line)], model)
keeper.run(TASK)
print(keeper.run(FOLLOW_UP, reset=False))
