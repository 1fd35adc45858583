"""Agents whose sessions cannot be right, each with the reason: what they send does not show what belongs together."""

EXCEPTIONS: dict[str, str] = {
    "aider": (
        "it has no tools, and when it resumes, it moves the texts with the files behind the old questions, so that the "
        "old answers no longer stand after what was said before them"
    ),
    "crewai": "the second agent starts anew; only a part of the text that it is given repeats the first one's answer",
    "gemini-cli": "LiteLLM logs no input of generateContent but a last text, and no id that the next call repeats",
    "openai-agents-previous-response": (
        "LiteLLM encrypts the ids of responses, each time in another way: calls of tools tie the calls of a turn, but "
        "nothing ties the next question to them"
    ),
    "pydantic-ai-otlp": (
        "Pydantic AI names each run as a conversation of its own, unless the program gives a `conversation_id`"
    ),
}
