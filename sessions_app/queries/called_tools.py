"""The names of the tools that answers call, where no light line of a session tells them."""

from __future__ import annotations

from collections.abc import Iterable

from sessions_app.content.blocks import ToolCallBlock
from sessions_app.content.messages import read_message
from sessions_app.queries.content import load_bundles, load_parts
from sessions_app.queries.session import RequestLine, SessionFacts, load_details
from sessions_app.queries.window import MOST_OUTPUTS
from sessions_app.structure.histories import PackedLists


def called_tools(session: SessionFacts, lines: Iterable[RequestLine]) -> set[str]:
    """The names of the tools that the answers of some requests call; at most three statements."""
    packed = [detail.output_parts for detail in load_details(session, lines).values()]
    lists = PackedLists(load_bundles(session.id, session.buckets, packed))
    wanted = {digest for answer in packed for digest in lists.digests(answer, 0, MOST_OUTPUTS)}
    parts = load_parts(session.id, session.buckets, wanted).values()
    messages = (read_message(part.content, "assistant") for part in parts if part.content is not None)
    return {block.name for said in messages for block in said.blocks if isinstance(block, ToolCallBlock) and block.name}
