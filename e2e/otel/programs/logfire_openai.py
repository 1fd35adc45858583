"""Logfire, sending elsewhere than to its own service; a stream's answer is a span of its own."""

import logfire
from openai import OpenAI
from scenario import everything

logfire.configure(send_to_logfire=False, console=False)
logfire.instrument_openai()

with logfire.set_baggage(session_id="chat-1", user_id="ada"), logfire.span("turn"):
    everything(OpenAI())
