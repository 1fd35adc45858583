"""What every agent under test has in common: what it is told, what its model does, and how it is run."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from scripted import Conversation, Step
from topics import FOLLOW_UP, Topic

HERE = Path(__file__).resolve().parent
NODE = HERE / "node" / "node_modules"
RUN_SECONDS = 240.0
# What this machine has set must not affect the agents.
FOREIGN = ("OTEL_", "LITELLM_", "OPENAI_", "GEMINI_", "GOOGLE_", "ANTHROPIC_", "CODEX_", "LOGSUI_", "DJANGO_")


def venv_program(venv: str, program: str) -> str:
    """A program of a virtual environment, as run.sh makes them."""
    folder = os.environ["E2E_OPENAI3"] if venv == "openai3" else os.environ["E2E_AGENTS"] + venv
    return str(Path(folder) / "bin" / program)


@dataclass(frozen=True)
class Target:
    """Where spans and log records go."""

    url: str
    key: str


@dataclass(frozen=True)
class Place:
    """What one conversation runs in: a folder of its own, and the URL of the models (a LiteLLM proxy, or the scripted
    model itself), without `/v1`.
    """

    folder: Path
    models: str
    key: str
    telemetry: Target | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def log(self) -> Path:
        return self.folder / "output.txt"


class Agent:
    """An agent in two conversations at the same time. The class says what it is, an object runs one conversation."""

    name: ClassVar[str]
    api: ClassVar[str]
    pinned: ClassVar[str]  # the package whose version stands in the requirements: FILE:PACKAGE
    model: ClassVar[str] = "gpt-4.1"
    telemetry: ClassVar[bool] = False  # it can send spans or log records

    def __init__(self, place: Place, topic: Topic) -> None:
        self.place, self.topic = place, topic

    # What it is told and how its model acts.

    @classmethod
    def turns(cls, topic: Topic) -> dict[str, Sequence[Step]]:
        return {topic.task: cls.first(topic), FOLLOW_UP: cls.then(topic)}

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        raise NotImplementedError

    @classmethod
    def then(cls, topic: Topic) -> Sequence[Step]:
        return []

    @classmethod
    def conversation(cls, topic: Topic) -> Conversation:
        return Conversation(cls.name, topic.marker, {text: steps for text, steps in cls.turns(topic).items() if steps})

    @classmethod
    def version(cls) -> str:
        file, _, package = cls.pinned.partition(":")
        if file == "node":
            return str(json.loads((HERE / "node" / "package.json").read_text())["dependencies"][package])
        text = (HERE.parent / file).read_text()
        found = re.search(rf"(?mi)^{re.escape(package)}(?:\[.*\])?==(\S+)", text)
        assert found, f"{file} does not pin {package}"
        return found[1]

    # How it is run.

    def prepare(self) -> None:
        """Write its settings."""

    def commands(self) -> Iterator[list[str]]:
        """Run one after the other; the next is asked for when the one before has ended."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def telemetry_headers(self) -> dict[str, str]:
        target = self.place.telemetry
        return {"OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer%20{target.key}"} if target else {}

    def run(self) -> None:
        for folder in (self.place.home, self.place.work):
            folder.mkdir(parents=True)
        self.topic.write(self.place.work)
        self.prepare()
        for command in self.commands():
            self._run(command)

    def _run(self, command: list[str]) -> None:
        with self.place.log.open("ab") as log:
            log.write(f"\n$ {command}\n".encode())
            log.flush()
            done = subprocess.run(
                command, env=self._environment(), cwd=self.place.work, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                timeout=RUN_SECONDS, check=False, start_new_session=True,
            )  # fmt: skip
        end = self.output()[-3000:]
        assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {self.place.log}\n{end}"

    def output(self) -> str:
        return self.place.log.read_text(errors="replace")

    def _environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        own = {"HOME": str(self.place.home), "PWD": str(self.place.work)}
        return kept | own | {"NO_COLOR": "1", "CI": "1", "DO_NOT_TRACK": "1"} | self.environment()
