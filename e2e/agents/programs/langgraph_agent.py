"""LangGraph: an agent with a checkpointer, whose thread has two turns."""

from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from notes import BE_BRIEF, FOLLOW_UP, MODEL, TASK, add_line, list_notes, read_note

agent = create_agent(
    ChatOpenAI(model=MODEL),
    [list_notes, read_note, add_line],
    system_prompt=BE_BRIEF,
    checkpointer=InMemorySaver(),
)
thread = {"configurable": {"thread_id": "1"}}
for text in (TASK, FOLLOW_UP):
    answer = agent.invoke({"messages": [{"role": "user", "content": text}]}, thread)
print(answer["messages"][-1].content)
