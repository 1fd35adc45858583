"""CrewAI: two agents one after the other, the second with what the first said."""

from crewai import LLM, Agent, Crew, Process, Task
from crewai.tools import tool
from notes import MODEL, SUB_TASK, TASK, count_lines, list_notes, read_note

llm = LLM(model=f"openai/{MODEL}")
reader = Agent(
    role="reader",
    goal="Read notes",
    backstory="You read what is there.",
    tools=[tool(list_notes), tool(read_note)],
    llm=llm,
)
counter = Agent(role="counter", goal="Count lines", backstory="You count.", tools=[tool(count_lines)], llm=llm)
read = Task(description=TASK, expected_output="One sentence", agent=reader)
count = Task(description=SUB_TASK, expected_output="A number", agent=counter, context=[read])
print(Crew(agents=[reader, counter], tasks=[read, count], process=Process.sequential).kickoff())
