"""Commands of a shell, and what they returned: streams and an exit code, where these were given."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessions_app.pages.html.terminal import plain
from sessions_app.pages.html.tools.reading import UNREAD, WrittenNumber, is_text, read, text_member, words_of

_SHELLS = frozenset(("bash", "sh", "zsh", "shell", "terminal", "powershell", "pwsh", "console"))
_RUNS = _SHELLS | {"command", "commands", "exec", "execute", "cmd", "run"}
_MEMBERS = ("command", "cmd", "commands", "script")
_DIRECTORIES = ("workdir", "cwd", "working_directory", "workingDirectory", "directory", "dir_path", "dir")
# What may stand beside a command when the name of the tool does not say that it runs one.
_BESIDE = frozenset(_DIRECTORIES) | {
    *("description", "explanation", "justification", "timeout", "timeout_ms", "timeoutMs", "timeout_seconds", "env"),
    *("run_in_background", "is_background", "isBackground", "background", "shell", "login", "tty", "yield_time_ms"),
    *("max_output_tokens", "sandbox_permissions", "with_escalated_permissions", "requires_approval", "is_input"),
    *("security_risk", "dangerouslyDisableSandbox", "blocking", "type", "user", "prefix_rule"),
}
_MOST_ARGUMENTS = 1_000


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """What was run. `shell` is the program that was told to run it: `bash -lc`. `rest` are the other arguments."""

    text: str
    directory: str = ""
    shell: str = ""
    rest: dict[str, Any] = field(default_factory=dict)


def command_of(name: str, arguments: str, value: Any) -> ShellCommand | None:
    """The command that a call runs; None if it is not sure that it runs one. `value`: its arguments, read."""
    words = words_of(name)
    if value is UNREAD:
        is_plain = bool(words & _SHELLS) and arguments.strip() and arguments.lstrip()[:1] not in ("{", "[", '"')
        return ShellCommand(arguments) if is_plain else None
    if not isinstance(value, dict):
        return None
    if value.keys() == {"action"} and isinstance(value["action"], dict):
        value = value["action"]
    member = next((name for name in _MEMBERS if value.get(name)), "")
    if not member or not _runs(words, member, value):
        return None
    found = _typed(value[member], member == "commands")
    if found is None:
        return None
    directory, named = text_member(value, _DIRECTORIES)
    rest = {name: item for name, item in value.items() if name not in (member, named)}
    return ShellCommand(found[1], directory, found[0], rest)


def _runs(words: frozenset[str], member: str, members: dict[str, Any]) -> bool:
    beside = members.keys() - {member}
    if is_text(members[member]) and "path" in beside and "edit" in words | beside:
        return False
    if words & _RUNS and not (is_text(members.get("path")) and not words & _SHELLS):
        return True
    return member in ("command", "cmd") and beside <= _BESIDE and " " in str(members[member])


def _typed(value: Any, is_several: bool) -> tuple[str, str] | None:
    """The shell and the command of a text, of a list of arguments, or of a list of commands."""
    if is_text(value):
        return ("", value) if value.strip() else None
    if not isinstance(value, list) or len(value) > _MOST_ARGUMENTS or not all(map(is_text, value)):
        return None
    if is_several:
        return "", "\n".join(value)
    program = value[0].rpartition("/")[2].removesuffix(".exe") if value else ""
    if len(value) == 3 and program in _SHELLS | {"cmd"} and value[1][:1] in ("-", "/"):
        return f"{value[0]} {value[1]}", value[2]
    return "", value[0] if len(value) == 1 else shlex.join(value)


# --- what came back -------------------------------------------------------------------------------------------------

_STREAMS = ("stdout", "output", "aggregated_output", "aggregatedOutput", "stderr")
_EXIT_CODES = ("exit_code", "exitCode", "return_code", "returncode", "exit_status", "exitStatus")
_MOST_COMMANDS = 20
_MOST_LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class OutputStream:
    """What a command wrote. `name` is "" where streams are not apart; "about" is what the program that ran it says."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ShellOutput:
    """What a command returned. `exit_code` is None where none was given; `rest` is what else was returned."""

    streams: Sequence[OutputStream]
    exit_code: str | None = None
    rest: dict[str, Any] = field(default_factory=dict)


def outputs_of(text: str) -> Sequence[ShellOutput]:
    """What a command returned, in the forms that agents give it; as one text if it has none of these."""
    if text.lstrip()[:1] in ("{", "["):
        value = read(text)
        values = value if isinstance(value, list) else [value]
        if values and len(values) <= _MOST_COMMANDS and all(map(_is_output, values)):
            return [_of_members(value) for value in values]
    return _of_text(text)


def _of_text(text: str) -> Sequence[ShellOutput]:
    for read_output in (_with_header, _with_tags, _with_labels, _with_code):
        if found := read_output(text):
            return [found]
    return [ShellOutput([OutputStream("", text)])]


def tells_of_command(text: str) -> bool:
    """Whether a text is what a command returned, whoever ran it: streams in tags, or with an exit code beside them."""
    if text.lstrip()[:1] == "<":
        return _with_tags(text) is not None
    value = read(text) if text.lstrip()[:1] == "{" and '"exit_code"' in text else None
    if not isinstance(value, dict) or value.keys() != {"output", "metadata"} or not is_text(value["output"]):
        return False
    return isinstance(value["metadata"], dict) and "exit_code" in value["metadata"]


def written_first(text: str) -> str:
    """The first stream in which a command wrote something; "" if it wrote nothing."""
    streams = (stream for output in outputs_of(text[:_MOST_LOOKED_AT]) for stream in output.streams)
    return next((plain(stream.text) for stream in streams if stream.name != "about" and stream.text.strip()), "")


def _is_output(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    streams = [value[name] for name in _STREAMS if value.get(name) is not None]
    return bool(streams) and all(map(is_text, streams))


def _of_members(members: dict[str, Any]) -> ShellOutput:
    streams = [OutputStream("stdout" if name == "stdout" else "" if name != "stderr" else name, members[name])
               for name in _STREAMS if members.get(name)]  # fmt: skip
    rest = {name: value for name, value in members.items() if name not in _STREAMS or value is None}
    code, where = _exit_code(rest)
    if where:
        rest.pop(where)
    for inner in ("metadata", "outcome"):
        if code is None and isinstance(rest.get(inner), dict):
            code, _ = _exit_code(rest[inner])
    return ShellOutput(streams, code, rest)


def _exit_code(members: dict[str, Any]) -> tuple[str | None, str]:
    for name in _EXIT_CODES:
        if isinstance(members.get(name), WrittenNumber):
            return str(members[name]), name
    return None, ""


# Codex: lines about the command, then "Output:" and what it wrote.
_OF_HEADER = re.compile(r"[A-Z][A-Za-z]{2,20}(?: [A-Za-z]{1,20}){0,5}:? .{1,200}")
_CODE_IN_HEADER = re.compile(
    r"^(?:Command executed[^.\n]{0,60}\. )?(?:Exit code:|Process exited with code) (-?\d{1,10})$", re.MULTILINE
)
_MOST_HEADER, _MOST_HEADER_LINES = 2_000, 9


def _with_header(text: str) -> ShellOutput | None:
    header, found, _ = text[:_MOST_HEADER].partition("\nOutput:\n")
    lines = header.split("\n")
    if not found or len(lines) > _MOST_HEADER_LINES or not all(map(_OF_HEADER.fullmatch, lines)):
        return None
    code = _CODE_IN_HEADER.search(header)
    streams = [OutputStream("about", f"{header}\nOutput:"), OutputStream("", text[len(header) + len(found) :])]
    return ShellOutput([stream for stream in streams if stream.text], code[1] if code else None)


# Claude Code, Cursor: the first line is the exit code.
_FIRST_LINE = re.compile(r"Exit code:? (-?\d{1,10})(?=\n|\Z)")
# Cursor puts what was written between marks of code, with its own words around them.
_FENCED = re.compile(r"(\s{1,9}Command output:\s{1,9})```\n(.*)\n```(?:\s{1,9}([^`]{0,1000}))?", re.DOTALL)


def _with_code(text: str) -> ShellOutput | None:
    found = _FIRST_LINE.match(text)
    if found is None:
        return None
    rest = text[found.end() :]
    if (fenced := _FENCED.fullmatch(rest)) is not None:
        head, written, tail = fenced.groups()
        streams = [OutputStream("about", found[0] + head), OutputStream("", written), OutputStream("about", tail)]
    else:
        streams = [OutputStream("about", found[0]), OutputStream("", rest.removeprefix("\n"))]
    return ShellOutput([stream for stream in streams if stream.text.strip()], found[1])


_TAGS = {"stdout": "stdout", "stderr": "stderr", "output": "", "returncode": "exit", "exit_code": "exit",
         "status": "about", "timestamp": "about"}  # fmt: skip
_TAG = re.compile(rf"\s*<({'|'.join(_TAGS)})>")


def _with_tags(text: str) -> ShellOutput | None:
    """`<returncode>0</returncode><output>…</output>`, if nothing else is there."""
    found = list(_tagged(text))
    if not found or any(inner is None for _, inner in found):
        return None
    if not any(name not in ("about", "exit") for name, _ in found):
        return None
    streams = [OutputStream(name, inner) for name, inner in found if name != "exit" and inner]
    code = next((inner.strip() for name, inner in found if name == "exit" and inner), None)
    return ShellOutput(streams, code) if code is None or re.fullmatch(r"-?\d{1,10}", code) else None


def _tagged(text: str) -> Iterator[tuple[str, str | None]]:
    place = 0
    for _ in range(len(_TAGS) + 1):
        opened = _TAG.match(text, place)
        if opened is None:
            break
        end = text.find(f"</{opened[1]}>", opened.end())
        if end < 0:
            break
        yield _TAGS[opened[1]], text[opened.end() : end]
        place = end + len(opened[1]) + 3
    if text[place:].strip():
        yield "", None


# Gemini CLI: a label begins each line; those of the streams go on over several lines.
_LABELS = ("Command", "Directory", "Stdout", "Output", "Stderr", "Error", "Exit Code", "Signal", "Background PIDs",
           "Process Group PGID")  # fmt: skip
_LABEL = re.compile(rf"^({'|'.join(_LABELS)}): ?", re.MULTILINE)
_OF_STREAMS = {"Stdout": "stdout", "Stderr": "stderr", "Output": ""}


def _with_labels(text: str) -> ShellOutput | None:
    if not text.startswith(("Command: ", "Output: ", "Directory: ")):
        return None
    found = list(_LABEL.finditer(text))
    names = [one[1] for one in found]
    # Each label once and in its order, else they may be words of the command's own.
    if len(found) < 3 or sorted(set(names), key=_LABELS.index) != names:
        return None
    ends = [one.start() for one in found[1:]] + [len(text)]
    parts = {one[1]: text[one.end() : end].removesuffix("\n") for one, end in zip(found, ends, strict=True)}
    written = {name: value for name, value in parts.items() if name in _OF_STREAMS and value != "(empty)"}
    about = "\n".join(f"{name}: {value}" for name, value in parts.items() if name not in written)
    streams = [OutputStream(_OF_STREAMS[name], value) for name, value in written.items() if value]
    code = parts.get("Exit Code", "")
    return ShellOutput([*streams, OutputStream("about", about)], code if re.fullmatch(r"-?\d{1,10}", code) else None)
