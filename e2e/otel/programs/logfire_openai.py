"""Logfire with another destination than its own service. The response of a stream is a separate span."""

import logfire
from openai import OpenAI
from scenario import everything

logfire.configure(send_to_logfire=False, console=False)
logfire.instrument_openai()

with logfire.set_baggage(session_id="chat-1", user_id="ada"), logfire.span("turn"):
    everything(OpenAI())
