"""The files of examples/litellm, as far as they can be checked without LiteLLM (`make e2e-litellm` runs them)."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.urls import resolve

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "litellm"
DOCS = ROOT / "docs" / "ingestion.md"
CLIENTS = ["openai_sdk.py", "langchain_client.py", "curl.sh", "litellm_sdk_proxy.py", "litellm_sdk.py"]
LITELLM_PATH = "/api/v1/litellm"


def config() -> dict[str, Any]:
    return yaml.safe_load((EXAMPLES / "config.yaml").read_text())


def exports(script: Path) -> dict[str, str]:
    return dict(re.findall(r'^export (\w+)="?(.*?)"?$', script.read_text(), re.MULTILINE))


def test_proxy_posts_to_the_litellm_endpoint_with_a_bearer_key() -> None:
    (name,) = config()["litellm_settings"]["callbacks"]
    callback = config()["callback_settings"][name]
    assert callback["callback_type"] == "generic_api"
    assert callback["endpoint"] == "os.environ/LOGSUI_ENDPOINT"
    assert callback["headers"] == {"Authorization": "os.environ/LOGSUI_AUTHORIZATION"}
    environment = exports(EXAMPLES / "start-proxy.sh")
    assert environment["LOGSUI_ENDPOINT"].endswith(f"{LITELLM_PATH}}}")
    assert environment["LOGSUI_AUTHORIZATION"].startswith("Bearer ")


def test_retries_end_before_litellm_cancels_the_callback() -> None:
    callback = config()["callback_settings"]["logsui"]
    pauses = sum(callback["retry_delay"] * 2**attempt for attempt in range(callback["max_retries"]))
    longest_seconds = pauses + callback["timeout"] * (callback["max_retries"] + 1)
    environment = exports(EXAMPLES / "start-proxy.sh")
    assert environment["DEFAULT_BATCH_SIZE"] == "1"
    assert longest_seconds < float(environment["LOGGING_WORKER_MAX_TIME_PER_COROUTINE"])


def test_models_need_no_provider_key() -> None:
    assert all("mock_response" in model["litellm_params"] for model in config()["model_list"])


def test_endpoint_exists() -> None:
    assert resolve(LITELLM_PATH).url_name == "api-litellm"


@pytest.mark.parametrize("client", CLIENTS)
def test_client_sends_the_trace_id_in_the_metadata(client: str) -> None:
    text = (EXAMPLES / client).read_text()
    assert re.search(r"""metadata"?[=:] ?\{"litellm_trace_id": """, text)
    if client.endswith(".py"):
        ast.parse(text)


@pytest.mark.parametrize("script", ["curl.sh", "start-proxy.sh"])
def test_shell_script_is_valid(script: str) -> None:
    subprocess.run(["sh", "-n", str(EXAMPLES / script)], check=True)


def test_callback_needs_only_litellm_and_the_standard_library() -> None:
    tree = ast.parse((EXAMPLES / "logsui_callback.py").read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == {"litellm"}


def test_every_setting_of_the_example_is_explained() -> None:
    text = DOCS.read_text()
    for name in exports(EXAMPLES / "start-proxy.sh"):
        if name not in ("LOGSUI_ENDPOINT", "LOGSUI_AUTHORIZATION", "LITELLM_MASTER_KEY"):
            assert f"`{name}=" in text
    callback = config()["callback_settings"]["logsui"]
    for name in ("max_retries", "retry_delay", "timeout"):
        assert f"`{name}: {callback[name]}`" in text


@pytest.mark.parametrize("document", [DOCS, EXAMPLES / "README.md"], ids=["ingestion.md", "README.md"])
def test_links_lead_to_files(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_versions_named_are_the_versions_tested() -> None:
    pins = dict(
        re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)$", (ROOT / "e2e/litellm/requirements.txt").read_text(), re.MULTILINE)
    )
    text = DOCS.read_text()
    for name in ("litellm", "openai", "langchain-openai"):
        assert re.search(rf"{name}(?:\[proxy\])?(?:==| ){re.escape(pins[name])}", text, re.IGNORECASE), name
