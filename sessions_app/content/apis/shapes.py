"""Tool calls and results of any type, told by their members first and by the words of their type second.

Providers add tools all the time: `shell_call`, `apply_patch_call_output`, `advisor_tool_result`. Whatever a new one is
called, a call has arguments, and a result names the call that it answers.
"""

from __future__ import annotations

from typing import Any, Literal

from sessions_app.content import outcomes
from sessions_app.content.apis.tool_results import ReadContent, tool_result
from sessions_app.content.blocks import ContentBlock, OtherBlock, ToolCallBlock
from sessions_app.content.json_values import JsonObject, as_text, to_json

Shape = Literal["call", "result"]

_CALL_IDS = ("call_id", "tool_call_id", "tool_use_id", "callId", "toolCallId", "toolUseId")
_ARGUMENTS = (
    *("arguments", "input", "args", "action", "actions", "operation", "code", "queries", "query"),
    *("command", "commands", "parameters"),
)
_RESULTS = ("output", "outputs", "result", "results", "response", "content", "tools", "error")
# A call that has one of these brings its own result: the provider ran the tool.
_OWN_RESULTS = ("output", "outputs", "results", "result", "response", "error")
# What Mistral's agents run is an execution.
_EXECUTION = "tool_execution"
_CALLS = ("call", "_use", "tooluse", _EXECUTION)
_ANSWERS = ("output", "outputs", "result", "results", "response")
# Members of a call or result that are neither its arguments nor what it returned.
_AROUND = frozenset(
    {
        *("type", "id", "name", "toolName", "tool_name", "role", "status", "index", "object", "signature"),
        *("cache_control", "caller", "created_by", "server_label", "server_name", "container_id", "namespace"),
        *("approval_request_id", "execution", "environment", "pending_safety_checks", "providerExecuted"),
        *("provider_executed", "dynamic", "thoughtSignature", "thought_signature", "is_error", "isError"),
        *("acknowledged_safety_checks", "max_output_length", "extra_content", "provider_specific_fields"),
        *("created_at", "completed_at", "allowed_callers", "metadata", "agent", "function", *_CALL_IDS),
    }
)
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def read_by_shape(item: JsonObject, read: ReadContent) -> list[ContentBlock] | None:
    """The blocks of a tool call or result; None for anything else."""
    shape = shape_of(item)
    if shape is None:
        return None
    return call_blocks(item, read) if shape == "call" else result_blocks(item, read)


def shape_of(item: JsonObject) -> Shape | None:
    """Whether an object is a tool call or the result of one."""
    kind = words_of_type(item)
    has_id = bool(call_id_of(item))
    has_arguments = any(item.get(name) is not None for name in _ARGUMENTS)
    if kind.endswith(_CALLS) and (has_id or has_arguments or item.get("id")):
        return "call"
    if not has_id:
        # The output of a local shell has the call's id as its own (OpenAI), and so have OpenTelemetry's results.
        if item.get("id") and kind.endswith(("call_output", "tool_call_response")):
            return "result"
        return "call" if _is_named_call(item) else None
    if kind.endswith(_ANSWERS):
        return "result"
    if has_arguments:
        return "call"
    return "result" if any(item.get(name) is not None for name in _RESULTS) else None


def _is_named_call(item: JsonObject) -> bool:
    """A name with arguments, as in `tools/call` of MCP (2025-06-18), or in a `function`, as OpenAI writes it."""
    function = item.get("function")
    if isinstance(function, dict):
        return isinstance(function.get("name"), str) and "arguments" in function
    return isinstance(item.get("name"), str) and ("arguments" in item or ("input" in item and "type" in item))


def words_of_type(item: JsonObject) -> str:
    kind = item.get("type")
    return kind.lower().replace("-", "_").replace(".", "_") if isinstance(kind, str) else ""


def call_id_of(item: JsonObject) -> str:
    """The id that a result shares with its call."""
    return next((found for name in _CALL_IDS if (found := as_text(item.get(name)))), "")


# --- calls ----------------------------------------------------------------------------------------------------------


def call_blocks(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """A call; of a tool that the provider ran itself, with its result; then what else the item holds."""
    function = item["function"] if isinstance(item.get("function"), dict) else item
    own = {name: item[name] for name in _OWN_RESULTS if item.get(name) not in (None, "")}
    if words_of_type(item).endswith(_EXECUTION) and item.get("info") not in _EMPTY:
        own["info"] = item["info"]
    arguments, rest = _arguments(function, own)
    # What the provider searched for itself has no id that its result would name.
    call_id = call_id_of(item) or ("" if is_by_server(item) else as_text(item.get("id")))
    name = tool_name(function)
    by_provider = is_by_provider(item) or bool(own)
    return [
        *(
            called_by_provider(item, read, name, arguments, own, call_id)
            if by_provider
            else [ToolCallBlock(name, as_text(arguments), call_id)]
        ),
        *([OtherBlock(rest, by_provider=True)] if rest and "type" in item else []),
    ]


def called_by_provider(
    item: JsonObject, read: ReadContent, name: str, arguments: Any, returned: JsonObject, call_id: str
) -> list[ContentBlock]:
    """A call that the provider ran, and what it returned, if the item says it (members by name)."""
    blocks: list[ContentBlock] = [ToolCallBlock(name, as_text(arguments), call_id, by_provider=True)]
    error = returned.get("error")
    failed = True if error not in _EMPTY else outcomes.said_failed(item)
    if returned or failed:
        content = next(iter(returned.values())) if len(returned) == 1 else returned or item.get("status")
        blocks.append(tool_result(read, content, call_id, name, failed))
    return blocks


def _arguments(item: JsonObject, own: JsonObject) -> tuple[Any, JsonObject]:
    """What a call passes to its tool, and the members that nobody knows."""
    rest = {
        name: value
        for name, value in item.items()
        if name not in _AROUND and name not in own and name not in _OWN_RESULTS and value not in _EMPTY
    }
    # OpenTelemetry puts all of it into a member that is called like the type (GenAI conventions, 2026).
    names = [name for name in (*_ARGUMENTS, as_text(item.get("type"))) if item.get(name) is not None]
    found = {name: item[name] for name in names}
    rest = {name: value for name, value in rest.items() if name not in found}
    if len(found) == 1:
        return next(iter(found.values())), rest
    return (to_json(found), rest) if found else (to_json(rest) if rest else "", {})


def tool_name(item: JsonObject) -> str:
    """The name of a call's tool: its own, else the words of its type."""
    for member in ("name", "toolName", "tool_name"):
        if isinstance(item.get(member), str) and item[member]:
            # Tools of MCP belong to a server, others to a namespace, and two of them may have tools of one name.
            server = as_text(item.get("server_label") or item.get("server_name") or item.get("namespace"))
            return f"{server}.{item[member]}" if server else str(item[member])
    kind = words_of_type(item)
    for ending in (*(f"_call_{ending}" for ending in _ANSWERS), *_NAME_ENDINGS):
        if kind.endswith(ending):
            kind = kind.removesuffix(ending)
            break
    return "" if kind in _NAMELESS else kind


_NAME_ENDINGS = ("_tool_result", "_tool_use", "_tool_call", "_call", "_use", *(f"_{ending}" for ending in _ANSWERS))
# Types that say nothing of the tool.
_NAMELESS = frozenset(
    {"function", "tool", "custom", "custom_tool", "mcp", "server", "server_tool", "function_call", "tool_call"}
)


def is_by_provider(item: JsonObject) -> bool:
    """Whether the provider runs the tool of this call itself. Nobody could answer a call without a `call_id`."""
    kind = words_of_type(item)
    if kind.startswith(("server_", "mcp_")) or kind.endswith(_EXECUTION) or item.get("providerExecuted") is True:
        return True
    if as_text(item.get("id")).startswith(("srvtoolu_", "mcptoolu_")):
        return True
    if item.get("execution") is not None:
        return is_by_server(item)
    environment = item.get("environment")
    if isinstance(environment, dict) and as_text(environment.get("type")).startswith("container"):
        return True
    return kind.endswith("_call") and kind not in _NAMELESS and not call_id_of(item) and "name" not in item


def is_by_server(item: JsonObject) -> bool:
    """Whether OpenAI ran a tool that a client could run, too (tool search)."""
    return item.get("execution") == "server"


def is_result_of_provider(item: JsonObject) -> bool:
    """Whether the result is of a tool that the provider ran, as OpenAI's hosted shell.

    Such an item has an id of its own beside that of its call. What clients send has none, or is of these types.
    """
    kind, own, call_id = words_of_type(item), as_text(item.get("id")), call_id_of(item)
    if is_by_server(item):
        return True
    return kind.endswith("_call_output") and kind not in _RUN_BY_CLIENTS and bool(own and call_id) and own != call_id


_RUN_BY_CLIENTS = frozenset(
    {
        *("function_call_output", "custom_tool_call_output", "computer_call_output", "local_shell_call_output"),
        *("apply_patch_call_output", "tool_call_output"),
    }
)


# --- results --------------------------------------------------------------------------------------------------------


def result_blocks(item: JsonObject, read: ReadContent) -> list[ContentBlock]:
    """What a tool returned; all members of an item that has none of the usual ones."""
    found = {name: item[name] for name in (*_RESULTS, as_text(item.get("type"))) if item.get(name) is not None}
    content: Any = next(iter(found.values())) if len(found) == 1 else found
    if not found:
        content = {name: value for name, value in item.items() if name not in _AROUND and value not in _EMPTY} or None
    failed = True if item.get("error") not in _EMPTY else outcomes.said_failed(item)
    call_id = call_id_of(item) or as_text(item.get("id"))
    return [tool_result(read, content, call_id, tool_name(item), failed)]
