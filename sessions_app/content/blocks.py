"""What messages are made of, in whichever API's shape they came. Plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TEXT = "text"
REASONING = "reasoning"
TOOL_CALL = "tool_call"
TOOL_RESULT = "tool_result"
IMAGE = "image"
FILE = "file"
AUDIO = "audio"
REFUSAL = "refusal"
DATA = "data"


@dataclass(slots=True)
class Block:
    """One piece of a message.

    `text` is the text itself, a tool call's arguments (JSON text or free text), or a tool result flattened to text.
    `id` pairs tool calls with results; `name` is a tool's or file's name; `url` an image's or file's address (data
    URLs included); `data` what has no better form; `blocks` a tool result's inner blocks. `by_provider`: the provider
    ran this tool itself while it answered. `fingerprint` tells media apart whose data is kept nowhere else.
    """

    type: str
    text: str = ""
    id: str = ""
    name: str = ""
    url: str = ""
    media_type: str = ""
    is_error: bool = False
    data: Any = None
    blocks: list[Block] = field(default_factory=list)
    by_provider: bool = False
    fingerprint: str = ""


@dataclass(slots=True)
class Message:
    """A role (system, user, assistant, tool or what the sender wrote) and its blocks.

    `name` names the author; `item_id` is the id of an item of the Responses API, by which a client may send it back.
    """

    role: str
    blocks: list[Block]
    name: str = ""
    item_id: str = ""
