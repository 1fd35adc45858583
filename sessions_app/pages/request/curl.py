"""A command that sends a stored request again, without the key. If the log has no address, that is a guess."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from sessions_app.content.json_bytes import DocumentError, loads
from sessions_app.models import RequestLog

# Linux accepts at most 128 KiB in one argument (MAX_ARG_STRLEN).
MOST_INLINE_BYTES = 100_000
# A quote becomes four characters in the shell, and each of these several characters in HTML.
MOST_INLINE_HTML = 250_000
REQUEST_FILE = "request.json"
_PATHS = (
    ("embedding", "/v1/embeddings"),
    ("moderation", "/v1/moderations"),
    ("image_edit", "/v1/images/edits"),
    ("image", "/v1/images/generations"),
    ("rerank", "/v1/rerank"),
    ("speech", "/v1/audio/speech"),
    ("transcription", "/v1/audio/transcriptions"),
    ("response", "/v1/responses"),
    ("generate_content", "generate_content"),
    ("messages", "/v1/messages"),
    ("text_completion", "/v1/completions"),
    ("chat", "/v1/chat/completions"),
)
_PATH_BY_MEMBER = (
    ("contents", "generate_content"),
    ("messages", "/v1/chat/completions"),
    ("input", "/v1/responses"),
    ("prompt", "/v1/completions"),
)
# APIs whose address needs a region, a signature or a host that no log has.
_NO_COMMAND = frozenset({"converse", "invoke_model", "predict", "generate", "chat"})
_HOSTS = {
    "openai": "https://api.openai.com",
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
    "google": "https://generativelanguage.googleapis.com",
    "mistral": "https://api.mistral.ai",
    "groq": "https://api.groq.com/openai",
    "deepseek": "https://api.deepseek.com",
}
_JSON = "Content-Type: application/json"
_BASE_URL = re.compile(r"https?://[\w.-]+(:\d{1,5})?(/[\w./-]*)?", re.ASCII)
# DEL, the C1 controls and the bidirectional overrides change what a terminal shows. JSON can have escapes instead.
_ODD = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MODEL = re.compile(r"[\w.:@-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class CurlCommand:
    """A command for a POSIX shell. If it has a `file`, the body must first be downloaded under that name."""

    text: str
    file: str = ""


def command(log: RequestLog, request: bytes | None) -> CurlCommand | None:
    """The command for a request; None when it is not known what was sent, or it was not sent to an API."""
    if request is None:
        return None
    members = _members(request)
    path = _path(log, members)
    if not path:
        return None
    url, headers = _address(log, path, str(members.get("model") or log.requested_model or log.model))
    body = request.decode("utf-8", "replace")
    data = quoted(_ODD.sub(_escape, body)) if len(request) <= MOST_INLINE_BYTES else ""
    inline = bool(data) and len(html.escape(data)) <= MOST_INLINE_HTML
    data = data if inline else f"@{REQUEST_FILE}"
    option = "-d" if inline else "--data-binary"
    lines = [f"curl {url}", *(f'-H "{header}"' for header in headers), f"{option} {data}"]
    return CurlCommand(" \\\n  ".join(lines), "" if inline else REQUEST_FILE)


def _members(request: bytes) -> dict[str, Any]:
    try:
        value = loads(request)
    except DocumentError:
        return {}
    return value if isinstance(value, dict) else {}


def _path(log: RequestLog, members: dict[str, Any]) -> str:
    """The path of the API, by the call type or else by the body; "" for what was no call of a model."""
    call_type = log.call_type
    if call_type in _NO_COMMAND:
        return ""
    if call_type in ("completion", "acompletion"):
        return "/v1/chat/completions"
    if call_type in ("completions", "atext_completion"):
        return "/v1/completions"
    by_type = next((path for word, path in _PATHS if word in call_type), "")
    return by_type or next((path for member, path in _PATH_BY_MEMBER if member in members), "")


def _address(log: RequestLog, path: str, model: str) -> tuple[str, list[str]]:
    """The address, ready for a shell, and the headers. LiteLLM does not log the address of its proxy."""
    if log.source == "litellm":
        base = '"$LITELLM_BASE_URL"'
    elif _BASE_URL.fullmatch(log.api_base):
        base = log.api_base.rstrip("/")
    else:
        known = _HOSTS.get(log.provider.lower()) or _host_of(path)
        base = known or '"$BASE_URL"'
    if base.endswith("/v1") and path.startswith("/v1/"):
        path = path.removeprefix("/v1")
    if path == "generate_content":
        named = model if _MODEL.fullmatch(model) else "MODEL"
        path = f"/v1beta/models/{named}:generateContent"
        return f"{base}{path}", ["x-goog-api-key: $API_KEY", _JSON]
    if path == "/v1/messages" and log.source != "litellm":
        return f"{base}{path}", [
            "x-api-key: $API_KEY",
            "anthropic-version: 2023-06-01",
            "Content-Type: application/json",
        ]
    return f"{base}{path}", ["Authorization: Bearer $API_KEY", "Content-Type: application/json"]


def _host_of(path: str) -> str:
    """The host of the API that has this path, for a log without a provider."""
    return {"/v1/messages": _HOSTS["anthropic"], "generate_content": _HOSTS["gemini"]}.get(path, _HOSTS["openai"])


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def quoted(text: str) -> str:
    """A text as one word of a POSIX shell. Within single quotes no other character has a meaning."""
    return "'" + text.replace("'", "'\\''") + "'"
