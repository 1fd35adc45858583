"""OpenAI's Agents SDK (Responses API): a triage agent hands off to one with tools, which goes on with the history."""

from agents import Agent, Runner, function_tool, set_tracing_disabled
from notes import BE_BRIEF, FOLLOW_UP, MODEL, TASK, add_line, list_notes, read_note

set_tracing_disabled(True)
tools = [function_tool(each) for each in (list_notes, read_note, add_line)]
reader = Agent(name="reader", instructions=BE_BRIEF, tools=tools, model=MODEL)
triage = Agent(name="triage", instructions="Hand off to who can read.", handoffs=[reader], model=MODEL)
first = Runner.run_sync(triage, TASK)
second = Runner.run_sync(first.last_agent, [*first.to_input_list(), {"role": "user", "content": FOLLOW_UP}])
print(second.final_output)
