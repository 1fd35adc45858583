"""Langfuse's SDK, which sends to its own path with Basic authentication."""

from langfuse import get_client, observe, propagate_attributes
from langfuse.openai import OpenAI
from scenario import everything, weather


@observe(as_type="tool")
def get_weather(city: str) -> str:
    return weather(city)


@observe(as_type="agent")
def turn() -> None:
    with propagate_attributes(session_id="chat-1", user_id="ada", tags=["e2e"], metadata={"team": "blue"}):
        everything(OpenAI(), lambda name, call_id, arguments: get_weather(**arguments))


assert get_client().auth_check()
turn()
get_client().flush()
