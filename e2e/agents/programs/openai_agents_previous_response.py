"""OpenAI's Agents SDK (Responses API): only what is new is sent, after `previous_response_id`."""

from agents import Agent, Runner, function_tool, set_tracing_disabled
from notes import BE_BRIEF, FOLLOW_UP, MODEL, TASK, add_line, list_notes, read_note

set_tracing_disabled(True)
tools = [function_tool(each) for each in (list_notes, read_note, add_line)]
keeper = Agent(name="keeper", instructions=BE_BRIEF, tools=tools, model=MODEL)
first = Runner.run_sync(keeper, TASK, auto_previous_response_id=True)
second = Runner.run_sync(keeper, FOLLOW_UP, previous_response_id=first.last_response_id)
print(second.final_output)
