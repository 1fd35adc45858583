"""Starting and stopping LiteLLM proxies."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from running import ROOT, Logsui, Server, free_port, wait_for

__all__ = ["EXAMPLES", "MASTER_KEY", "Logsui", "Proxy", "Server", "wait_for"]

EXAMPLES = ROOT / "examples" / "litellm"
MASTER_KEY = "sk-local-example"


class Proxy(Server):
    """A LiteLLM proxy that runs the given configuration file, or examples/litellm/start-proxy.sh without one."""

    def __init__(self, folder: Path, environment: Mapping[str, str], config: Path | None = None) -> None:
        port = free_port()
        litellm = str(Path(sys.executable).with_name("litellm"))
        command = ["sh", str(EXAMPLES / "start-proxy.sh"), "--port", str(port)]
        if config is not None:
            command = [litellm, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        # Without it, each start first fetches the newest prices from the internet.
        offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM": litellm, "LITELLM_MASTER_KEY": MASTER_KEY}
        super().__init__(
            command, os.environ | offline | environment, port, "/health/liveliness", folder / f"proxy-{port}.log"
        )
