"""Ids of responses. A LiteLLM proxy wraps some of them before it gives them to its client."""

from __future__ import annotations

import base64
import binascii

# A proxy behind a proxy wraps an id again.
MOST_WRAPPINGS = 8
_WRAPPED = "resp_bGl0ZWxsb"


def unwrapped(response_id: str) -> str:
    """The provider's id inside LiteLLM's `resp_` + base64 of `litellm:…;response_id:<id>`. Other ids are returned as
    they are.

    Base64 of either alphabet, with or without padding. An id that LiteLLM (1.106) encrypted looks like any other.
    """
    for _ in range(MOST_WRAPPINGS):
        inner = _inner(response_id)
        if not inner:
            return response_id
        response_id = inner
    return response_id


def _inner(response_id: str) -> str:
    if not response_id.startswith(_WRAPPED):
        return ""
    encoded = response_id.removeprefix("resp_").rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return text.partition("response_id:")[2].partition(";")[0]
