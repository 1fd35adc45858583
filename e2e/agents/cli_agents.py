"""Agents that are programs of their own: they work on files, and are called once for each turn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from agent import NODE, Agent, Target, venv_program
from scripted import Step, Use
from topics import FOLLOW_UP, FOLLOWED_UP, Topic


class Codex(Agent):
    name = "codex"
    api = "Responses"
    pinned = "node:@openai/codex"
    model = "gpt-5.1-codex"
    telemetry = True

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        return [
            Use("exec_command", {"cmd": "ls notes"}, "I look at what is there."),
            Use("exec_command", {"cmd": f"cat {topic.file}"}),
            topic.answer,
        ]

    @classmethod
    def then(cls, topic: Topic) -> Sequence[Step]:
        return [Use("exec_command", {"cmd": f"echo read >> {topic.file}; tail -1 {topic.file}"}), FOLLOWED_UP]

    def prepare(self) -> None:
        (self.place.home / ".codex").mkdir()
        settings = CODEX.format(model=self.model, url=self.place.models)
        if target := self.place.telemetry:
            settings += CODEX_TELEMETRY.format(url=target.url, key=target.key)
        (self.place.home / ".codex" / "config.toml").write_text(settings)

    def environment(self) -> dict[str, str]:
        return {"CODEX_HOME": str(self.place.home / ".codex"), "PROXY_KEY": self.place.key}

    def commands(self) -> Iterator[list[str]]:
        start = [str(NODE / ".bin" / "codex"), "exec"]
        options = ["--skip-git-repo-check"]
        yield [*start, *options, self.topic.task]
        yield [*start, "resume", *options, "--last", FOLLOW_UP]


CODEX = """
model = "{model}"
model_provider = "proxy"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.proxy]
name = "proxy"
base_url = "{url}/v1"
env_key = "PROXY_KEY"
wire_api = "responses"
"""
CODEX_TELEMETRY = """
[otel]
log_user_prompt = true
[otel.exporter.otlp-http]
endpoint = "{url}/v1/logs"
protocol = "binary"
headers = {{ authorization = "Bearer {key}" }}
[otel.trace_exporter.otlp-http]
endpoint = "{url}/v1/traces"
protocol = "binary"
headers = {{ authorization = "Bearer {key}" }}
"""


def telemetry_settings(target: Target) -> dict[str, Any]:
    """Of Gemini's CLI, and of those that come from it."""
    return {"enabled": True, "target": "local", "otlpEndpoint": target.url, "otlpProtocol": "http", "logPrompts": True}


class OpenCode(Agent):
    name = "opencode"
    api = "Chat Completions"
    pinned = "node:opencode-ai"

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        return [
            (Use("glob", {"pattern": "notes/*"}), Use("read", {"filePath": topic.file})),
            Use("bash", {"command": f"wc -l {topic.file}", "description": "Count lines"}, "Now I count the lines."),
            topic.answer,
        ]

    @classmethod
    def then(cls, topic: Topic) -> Sequence[Step]:
        add = f"echo read >> {topic.file}"
        return [Use("bash", {"command": add, "description": "Add a line"}), FOLLOWED_UP]

    def prepare(self) -> None:
        options = {"baseURL": f"{self.place.models}/v1", "apiKey": self.place.key}
        models = {self.model: {"name": self.model}}
        provider = {"npm": "@ai-sdk/openai-compatible", "name": "proxy", "options": options, "models": models}
        settings = {
            "provider": {"proxy": provider},
            "model": f"proxy/{self.model}",
            "autoupdate": False,
            "share": "disabled",
            "permission": {"bash": "allow", "edit": "allow", "external_directory": "allow"},
        }
        (self.place.work / "opencode.json").write_text(json.dumps(settings))

    def environment(self) -> dict[str, str]:
        return {
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        }

    def commands(self) -> Iterator[list[str]]:
        start = [str(NODE / ".bin" / "opencode"), "run", "--model", f"proxy/{self.model}"]
        yield [*start, self.topic.task]
        yield [*start, "--continue", FOLLOW_UP]


class GeminiCli(Agent):
    """LiteLLM logs few of its questions and no id of the model's, so all its answers name the ticket."""

    name = "gemini-cli"
    api = "generateContent"
    pinned = "node:@google/gemini-cli"
    model = "gemini-2.5-pro"
    telemetry = True

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        return [
            Use("list_directory", {"dir_path": "notes"}, f"I look at what is there for {topic.marker}."),
            Use("read_file", {"file_path": topic.file}, f"I read it for {topic.marker}."),
            f"{topic.answer} So much for {topic.marker}.",
        ]

    @classmethod
    def then(cls, topic: Topic) -> Sequence[Step]:
        add = {"command": f"echo read >> {topic.file}"}
        return [Use("run_shell_command", add, f"I add it for {topic.marker}."), f"{FOLLOWED_UP} {topic.marker}"]

    def prepare(self) -> None:
        folder = self.place.home / ".gemini"
        folder.mkdir()
        settings: dict[str, Any] = {
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "privacy": {"usageStatisticsEnabled": False},
            "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        }
        if self.place.telemetry:
            settings["telemetry"] = telemetry_settings(self.place.telemetry) | {"traces": True}
        (folder / "settings.json").write_text(json.dumps(settings))

    def environment(self) -> dict[str, str]:
        return {
            "GEMINI_API_KEY": self.place.key,
            "GOOGLE_GEMINI_BASE_URL": self.place.models,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
            **self.telemetry_headers(),
        }

    def commands(self) -> Iterator[list[str]]:
        start = [str(NODE / ".bin" / "gemini"), "--model", self.model, "--yolo", "--output-format", "json"]
        yield [*start, "--prompt", self.topic.task]
        yield [*start, "--resume", "latest", "--prompt", FOLLOW_UP]


class QwenCode(Agent):
    name = "qwen-code"
    api = "Chat Completions"
    pinned = "node:@qwen-code/qwen-code"
    telemetry = True

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        return [
            Use("list_directory", {"path": "notes"}),
            Use("read_file", {"file_path": topic.file}, "I read it."),
            topic.answer,
        ]

    @classmethod
    def then(cls, topic: Topic) -> Sequence[Step]:
        arguments = {"command": f"echo read >> {topic.file}", "is_background": False}
        return [Use("run_shell_command", arguments), FOLLOWED_UP]

    def prepare(self) -> None:
        settings: dict[str, Any] = {
            "privacy": {"usageStatisticsEnabled": False},
            "general": {"enableAutoUpdate": False, "disableAutoUpdate": True, "disableUpdateNag": True},
            "security": {"auth": {"selectedType": "openai"}},
        }
        if self.place.telemetry:
            settings["telemetry"] = telemetry_settings(self.place.telemetry)
        (self.place.home / ".qwen").mkdir()
        (self.place.home / ".qwen" / "settings.json").write_text(json.dumps(settings))

    def environment(self) -> dict[str, str]:
        return {
            "OPENAI_BASE_URL": f"{self.place.models}/v1",
            "OPENAI_API_KEY": self.place.key,
            "OPENAI_MODEL": self.model,
            **self.telemetry_headers(),
        }

    def commands(self) -> Iterator[list[str]]:
        start = [str(NODE / ".bin" / "qwen"), "--auth-type", "openai", "--yolo"]
        yield [*start, "--prompt", self.topic.task]
        yield [*start, "--continue", "--prompt", FOLLOW_UP]


class Cline(Agent):
    """Without a terminal it goes on with no session, so it has one turn."""

    name = "cline"
    api = "Chat Completions"
    pinned = "node:cline"

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        return [
            Use("run_commands", {"commands": ["ls notes"]}, "I look at what is there."),
            Use("read_files", {"files": [{"path": topic.file}]}),
            topic.answer,
        ]

    def commands(self) -> Iterator[list[str]]:
        program = str(NODE / ".bin" / "cline")
        settings = ["--provider", "openai-compatible", "--apikey", self.place.key, "--modelid", self.model]
        yield [program, "auth", *settings, "--baseurl", f"{self.place.models}/v1"]
        yield [program, "--json", self.topic.task]


class Aider(Agent):
    """It has no tools: the model answers with edits, and is asked again when a check fails."""

    name = "aider"
    api = "Chat Completions"
    pinned = "agents/requirements/aider.txt:aider-chat"
    edit: ClassVar[str] = "{file}\n```\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n```\n"

    @classmethod
    def turns(cls, topic: Topic) -> dict[str, Sequence[Step]]:
        return {topic.task: [topic.answer], FOLLOW_UP: [f"I add it.\n\n{cls.change(topic)}", FOLLOWED_UP]}

    def prepare(self) -> None:
        # A price list that is fresh, so that it fetches none.
        prices = self.place.home / ".aider" / "caches" / "model_prices_and_context_window.json"
        prices.parent.mkdir(parents=True)
        prices.write_text('{"none": {}}')

    @classmethod
    def change(cls, topic: Topic) -> str:
        title = topic.content.splitlines()[0]
        return cls.edit.format(file=topic.file, old=title, new=f"{title}\n\nRead today.")

    def environment(self) -> dict[str, str]:
        return {
            "OPENAI_API_BASE": f"{self.place.models}/v1",
            "OPENAI_API_KEY": self.place.key,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }

    def commands(self) -> Iterator[list[str]]:
        program = venv_program("aider", "aider")
        quiet = ["--no-analytics", "--no-check-update", "--no-show-model-warnings", "--no-show-release-notes"]
        ways = ["--yes-always", "--no-git", "--no-pretty", "--map-tokens", "0", "--no-detect-urls"]
        start = [program, *quiet, *ways, "--model", f"openai/{self.model}", "--edit-format", "diff", self.topic.file]
        yield [*start, "--message", self.topic.task]
        # The check fails once, which is told to the model.
        check = "test -e checked || { touch checked; echo not yet; false; }"
        yield [*start, "--restore-chat-history", "--auto-test", "--test-cmd", check, "--message", FOLLOW_UP]


class MiniSweAgent(Agent):
    """One task, without a second turn."""

    name = "mini-swe-agent"
    api = "Chat Completions"
    pinned = "agents/requirements/mini.txt:mini-swe-agent"

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        finish = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
        return [
            Use("bash", {"command": "ls notes"}, "I look at what is there."),
            Use("bash", {"command": f"cat {topic.file}"}, "I read it."),
            Use("bash", {"command": f"echo read >> {topic.file}"}),
            Use("bash", {"command": finish}, topic.answer),
        ]

    def environment(self) -> dict[str, str]:
        return {
            "OPENAI_API_BASE": f"{self.place.models}/v1",
            "OPENAI_BASE_URL": f"{self.place.models}/v1",
            "OPENAI_API_KEY": self.place.key,
            "MSWEA_CONFIGURED": "true",
            "MSWEA_SILENT_STARTUP": "1",
            "MSWEA_COST_TRACKING": "ignore_errors",
            "MSWEA_GLOBAL_CONFIG_DIR": str(self.place.home / "mini"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }

    def commands(self) -> Iterator[list[str]]:
        program = venv_program("mini", "mini")
        yield [program, "--yolo", "--exit-immediately", "--model", f"openai/{self.model}", "--task", self.topic.task]


CLI_AGENTS: list[type[Agent]] = [Codex, OpenCode, GeminiCli, QwenCode, Cline, Aider, MiniSweAgent]
