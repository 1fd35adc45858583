"""Agents that are short programs with a framework, in `programs/`: one process for a whole conversation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from agent import HERE, Agent, venv_program
from scripted import Step, Use
from topics import FOLLOW_UP, FOLLOWED_UP, Topic


def list_read(topic: Topic) -> list[Step]:
    return [
        Use("list_notes", {"folder": "notes"}, "I look at what is there."),
        Use("read_note", {"path": topic.file}),
        topic.answer,
    ]


def add(topic: Topic) -> list[Step]:
    return [Use("add_line", {"path": topic.file, "line": "read"}), Use("read_note", {"path": topic.file}), FOLLOWED_UP]


class Program(Agent):
    """`program` is the file's name, `venv` names the requirements that it runs with."""

    api = "Chat Completions"
    program: ClassVar[str]
    venv: ClassVar[str] = "frameworks"

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        return list_read(topic)

    @classmethod
    def then(cls, topic: Topic) -> Sequence[Step]:
        return add(topic)

    def environment(self) -> dict[str, str]:
        return {
            "OPENAI_BASE_URL": f"{self.place.models}/v1",
            "OPENAI_API_BASE": f"{self.place.models}/v1",
            "OPENAI_API_KEY": self.place.key,
            "MODEL": self.model,
            "TASK": self.topic.task,
            "SUB_TASK": self.topic.sub_task,
            "FOLLOW_UP": FOLLOW_UP,
            "PYTHONDONTWRITEBYTECODE": "1",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            **self.telemetry_headers(),
            **self.telemetry_target(),
        }

    def telemetry_target(self) -> dict[str, str]:
        target = self.place.telemetry
        if target is None:
            return {}
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": target.url, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}

    def commands(self) -> Iterator[list[str]]:
        yield [venv_program(self.venv, "python"), str(HERE / "programs" / f"{self.program}.py")]


class OpenAIAgentsHandoff(Program):
    name = "openai-agents-handoff"
    api = "Responses"
    pinned = "otel/requirements-openai3.txt:openai-agents"
    venv = "openai3"
    program = "openai_agents_handoff"

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        return [Use("transfer_to_reader"), *list_read(topic)]


class OpenAIAgentsAsTool(Program):
    name = "openai-agents-as-tool"
    pinned = "otel/requirements-openai3.txt:openai-agents"
    venv = "openai3"
    program = "openai_agents_as_tool"
    question = "input"

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        asked = Use("ask_counter", {cls.question: topic.sub_task}, "I ask for the count.")
        return [Use("read_note", {"path": topic.file}), asked, topic.answer]

    @classmethod
    def turns(cls, topic: Topic) -> dict[str, Sequence[Step]]:
        return super().turns(topic) | {topic.sub_task: [Use("count_lines", {"path": topic.file}), topic.sub_answer]}


class OpenAIAgentsPreviousResponse(Program):
    name = "openai-agents-previous-response"
    api = "Responses"
    pinned = "otel/requirements-openai3.txt:openai-agents"
    venv = "openai3"
    program = "openai_agents_previous_response"


class PydanticAI(OpenAIAgentsAsTool):
    name = "pydantic-ai"
    pinned = "otel/requirements-openai3.txt:pydantic-ai-slim"
    program = "pydantic_ai_sub_agent"
    question = "question"
    telemetry = True


class LangGraph(Program):
    name = "langgraph"
    pinned = "agents/requirements/frameworks.txt:langgraph"
    program = "langgraph_agent"


class CrewAI(Program):
    name = "crewai"
    pinned = "agents/requirements/crewai.txt:crewai"
    venv = "crewai"
    program = "crewai_crew"

    @classmethod
    def turns(cls, topic: Topic) -> dict[str, Sequence[Step]]:
        return {
            topic.task: list_read(topic),
            topic.sub_task: [Use("count_lines", {"path": topic.file}), topic.sub_answer],
        }

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "CREWAI_DISABLE_TELEMETRY": "true",
            "CREWAI_DISABLE_TRACKING": "true",
            "CREWAI_TRACING_ENABLED": "false",
            "OTEL_SDK_DISABLED": "true",
            "CREWAI_STORAGE_DIR": str(self.place.home / "crewai"),
        }


class SemanticKernel(Program):
    name = "semantic-kernel"
    pinned = "agents/requirements/sk.txt:semantic-kernel"
    venv = "sk"
    program = "semantic_kernel_agent"

    @classmethod
    def turns(cls, topic: Topic) -> dict[str, Sequence[Step]]:
        return {text: [plugged(step) for step in steps] for text, steps in super().turns(topic).items()}


def plugged(step: Step) -> Step:
    """Semantic Kernel names a function after its plugin."""
    return Use(f"Notes-{step.tool}", step.arguments, step.says) if isinstance(step, Use) else step


class SmolagentsTools(OpenAIAgentsAsTool):
    name = "smolagents"
    pinned = "agents/requirements/frameworks.txt:smolagents"
    venv = "frameworks"
    program = "smolagents_tools"

    @classmethod
    def turns(cls, topic: Topic) -> dict[str, Sequence[Step]]:
        return {
            topic.task: [
                Use("read_note", {"path": topic.file}, "First I read."),
                Use("counter", {"task": topic.sub_task}),
                Use("final_answer", {"answer": topic.answer}),
            ],
            topic.sub_task: [
                Use("count_lines", {"path": topic.file}),
                Use("final_answer", {"answer": topic.sub_answer}),
            ],
            FOLLOW_UP: [
                Use("add_line", {"path": topic.file, "line": "read"}),
                Use("final_answer", {"answer": FOLLOWED_UP}),
            ],
        }


class SmolagentsCode(Program):
    name = "smolagents-code"
    pinned = "agents/requirements/frameworks.txt:smolagents"
    program = "smolagents_code"

    @classmethod
    def first(cls, topic: Topic) -> Sequence[Step]:
        return [
            code(
                "First I look at which notes there are in the folder, and then I read the one that was named.",
                'print(list_notes("notes"))',
            ),
            code(
                "The note is there. I print it whole, since it is short, and look for what was asked.",
                f"print(read_note({topic.file!r}))",
            ),
            code("The note says it in one line, which I give as the answer.", f"final_answer({topic.answer!r})"),
        ]

    @classmethod
    def then(cls, topic: Topic) -> Sequence[Step]:
        return [
            code(
                "I add the line to the end of the note, where it does not change what is said before.",
                f'print(add_line({topic.file!r}, "read"))',
            ),
            code("The tool says that it was added, so I am done with this.", f"final_answer({FOLLOWED_UP!r})"),
        ]


def code(thought: str, source: str) -> str:
    return f"Thought: {thought}\n<code>\n{source}\n</code>"


class AutoGen(Program):
    name = "autogen"
    pinned = "agents/requirements/frameworks.txt:autogen-agentchat"
    program = "autogen_agent"


class Agno(Program):
    name = "agno"
    pinned = "agents/requirements/frameworks.txt:agno"
    program = "agno_agent"


class LlamaIndex(Program):
    name = "llama-index"
    pinned = "agents/requirements/frameworks.txt:llama-index-core"
    program = "llama_index_agent"


FRAMEWORKS: list[type[Agent]] = [
    OpenAIAgentsHandoff,
    OpenAIAgentsAsTool,
    OpenAIAgentsPreviousResponse,
    PydanticAI,
    LangGraph,
    CrewAI,
    SemanticKernel,
    SmolagentsTools,
    SmolagentsCode,
    AutoGen,
    Agno,
    LlamaIndex,
]
