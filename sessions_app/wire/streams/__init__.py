"""Answers that came as a stream: a list of events, server-sent events as text, or JSON lines.

The events are put together into one body of the API that sent them, as its SDK does it, so that everything else reads
that body. `events` finds the events in a response; there is one module for each API.
"""
