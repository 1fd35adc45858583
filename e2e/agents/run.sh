#!/bin/sh
# Evaluates how the logs of real agents form sessions: see docs/benchmarks.md.
#     sh e2e/agents/run.sh [--keep FOLDER] [NAME ...]
# Makes environments of its own (.venv-e2e-agents-*, and node/node_modules: 4 GB in all, from PyPI and the npm registry),
# and uses those of e2e/litellm and e2e/otel. Expects the project's (.venv, or $LOGSUI_PYTHON), and Node 20 or later.
# When all is installed, nothing but this machine is asked.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/e2e/agents
LOGSUI_PYTHON=${LOGSUI_PYTHON:-$root/.venv/bin/python}
E2E_VENV=${E2E_VENV:-$root/.venv-e2e}
E2E_OPENAI3=${E2E_OPENAI3:-$root/.venv-e2e-otel}
E2E_AGENTS=${E2E_AGENTS:-$root/.venv-e2e-agents-}
export LOGSUI_PYTHON E2E_OPENAI3 E2E_AGENTS

. "$root/e2e/packages.sh"
python_packages "$E2E_VENV" "$root/e2e/litellm/requirements.txt"
python_packages "$E2E_OPENAI3" "$root/e2e/otel/requirements-openai3.txt"
for requirements in "$here"/requirements/*.txt; do
    name=$(basename "$requirements" .txt)
    python_packages "$E2E_AGENTS$name" "$requirements"
done

# No package may run a script, since some download; opencode's only puts its program into its place.
# Not `npm ci`, which fails when an optional package for another system is not to be had.
node_packages "$here/node" install --no-save --ignore-scripts
(cd "$here/node/node_modules/opencode-ai" && node postinstall.mjs)

cd "$root"
export PYTHONDONTWRITEBYTECODE=1
exec "$E2E_VENV/bin/python" e2e/agents "$@"
