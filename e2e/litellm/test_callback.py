"""examples/litellm/logsui_callback.py in programs that use the LiteLLM SDK without a proxy, and a running logsui."""

import subprocess
import sys
import time

from conftest import RunExample
from servers import EXAMPLES, Logsui

START = """
import asyncio, os, time
import litellm
import logsui_callback

litellm.suppress_debug_info = True
litellm.callbacks = [logsui_callback.instance]
CALL = dict(
    model="openai/gpt-4o-mini",
    api_key="none-needed",
    mock_response="Hello there, dear reader.",
    metadata={"litellm_trace_id": os.environ["TRACE_ID"]},
)

def ask(number=0, **options):
    return litellm.completion(messages=[{"role": "user", "content": f"Question {number}"}], **(CALL | options))

async def aask(number=0, **options):
    return await litellm.acompletion(messages=[{"role": "user", "content": f"Question {number}"}], **(CALL | options))
"""


def of(logsui: Logsui) -> dict[str, str]:
    return {"LOGSUI_ENDPOINT": logsui.endpoint, "LOGSUI_API_KEY": logsui.api_key}


def test_sync_calls_are_delivered_when_the_program_ends(logsui: Logsui, run_script: RunExample, trace_id: str) -> None:
    run_script(START + "for number in range(30): ask(number)", **of(logsui))
    logsui.wait_for_session(trace_id, 30)


def test_burst_of_async_calls_is_delivered(logsui: Logsui, run_script: RunExample, trace_id: str) -> None:
    source = """
async def main():
    await asyncio.gather(*[aask(number) for number in range(50)])
    assert await logsui_callback.instance.aflush()

asyncio.run(main())
"""
    run_script(START + source, **of(logsui))
    logsui.wait_for_session(trace_id, 50)


def test_streams_are_logged_once_and_whole(logsui: Logsui, run_script: RunExample, trace_id: str) -> None:
    source = """
async def main():
    async for chunk in await aask(stream=True):
        pass

for chunk in ask(stream=True):
    pass
asyncio.run(main())
"""
    run_script(START + source, **of(logsui))
    for llm_request in logsui.requests(logsui.wait_for_session(trace_id, 2)):
        message = logsui.get(f"requests/{llm_request['id']}")["response"]["choices"][0]["message"]
        assert message["content"] == "Hello there, dear reader."


def test_failures_are_logged(logsui: Logsui, run_script: RunExample, trace_id: str) -> None:
    source = """
async def main():
    await aask(mock_response="litellm.InternalServerError")

for attempt in (lambda: ask(mock_response="litellm.RateLimitError"), lambda: asyncio.run(main())):
    try:
        attempt()
    except (litellm.RateLimitError, litellm.InternalServerError):
        pass
"""
    run_script(START + source, **of(logsui))
    session = logsui.wait_for_session(trace_id, 2)
    assert session["error_count"] == 2
    assert [each["status_code"] for each in logsui.requests(session)] == [429, 500]


def test_callers_metadata_is_kept(logsui: Logsui, run_script: RunExample, trace_id: str) -> None:
    source = """
class Weird:
    def __repr__(self): return "a weird object"

mine = {"litellm_trace_id": os.environ["TRACE_ID"], "team": "blue", "object": Weird(), ("a", 1): {2, 2}}
mine["itself"] = mine
ask(metadata=mine)
"""
    run_script(START + source, **of(logsui))
    (llm_request,) = logsui.requests(logsui.wait_for_session(trace_id, 1))
    metadata = logsui.get(f"requests/{llm_request['id']}")["metadata"]
    assert '"team": "blue"' in str(metadata).replace("'", '"')
    assert "a weird object" in str(metadata)


def test_metadata_given_to_a_router_is_kept_without_the_routers_own(
    logsui: Logsui, run_script: RunExample, trace_id: str
) -> None:
    source = """
mock = {"model": "openai/gpt-4o-mini", "api_key": "sk-secret-of-the-router", "mock_response": "Hello."}
router = litellm.Router(model_list=[{"model_name": "group", "litellm_params": mock}])
router.completion(
    model="group", messages=[{"role": "user", "content": "Hi"}],
    metadata={"litellm_trace_id": os.environ["TRACE_ID"], "team": "blue"},
)
"""
    run_script(START + source, **of(logsui))
    (llm_request,) = logsui.requests(logsui.wait_for_session(trace_id, 1))
    document = str(logsui.get(f"requests/{llm_request['id']}"))
    assert "blue" in document
    assert "sk-secret-of-the-router" not in document
    assert "deployment_model_name" not in document


def test_flush_waits_until_everything_is_stored(logsui: Logsui, run_script: RunExample, trace_id: str) -> None:
    """`os._exit` skips all exit handlers, like the end of a serverless function."""
    source = """
async def main():
    await aask()
    assert await logsui_callback.instance.aflush()

ask()
assert logsui_callback.instance.flush()
asyncio.run(main())
os._exit(0)
"""
    run_script(START + source, **of(logsui))
    logsui.wait_for_session(trace_id, 2)


def test_nothing_is_lost_while_logsui_restarts(
    logsui: Logsui, client_environment: dict[str, str], trace_id: str
) -> None:
    """Calls before, during and after at least two seconds without a server."""
    source = START + "for number in range(40): ask(number); time.sleep(0.1)\nassert logsui_callback.instance.flush(90)"
    environment = client_environment | of(logsui) | {"PYTHONPATH": str(EXAMPLES)}
    client = subprocess.Popen([sys.executable, "-c", source], env=environment | {"PATH": "/usr/bin:/bin"})
    try:
        logsui.wait_for_session_to_begin(trace_id)
        logsui.stop()
        time.sleep(2.0)
    finally:
        logsui.start()
    assert client.wait(120) == 0
    logsui.wait_for_session(trace_id, 40)
