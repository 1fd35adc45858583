"""OpenAI's Agents SDK (Chat Completions): an agent that is a tool of another."""

from agents import Agent, Runner, function_tool, set_default_openai_api, set_tracing_disabled
from notes import BE_BRIEF, FOLLOW_UP, MODEL, TASK, add_line, count_lines, read_note

set_tracing_disabled(True)
set_default_openai_api("chat_completions")
counter = Agent(name="counter", instructions="You count.", tools=[function_tool(count_lines)], model=MODEL)
tools = [function_tool(each) for each in (read_note, add_line)]
tools.append(counter.as_tool("ask_counter", "Ask somebody who counts lines."))
keeper = Agent(name="keeper", instructions=BE_BRIEF, tools=tools, model=MODEL)
first = Runner.run_sync(keeper, TASK)
second = Runner.run_sync(keeper, [*first.to_input_list(), {"role": "user", "content": FOLLOW_UP}])
print(second.final_output)
