#!/bin/sh
# How well logsui reads what providers' SDKs really send.
#     sh e2e/providers/run.sh [words of the APIs' names]
# Makes an environment of its own (.venv-providers, or $EVAL_PROVIDERS). Expects the project's (.venv, or $LOGSUI_PYTHON).
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/e2e/providers
LOGSUI_PYTHON=${LOGSUI_PYTHON:-$root/.venv/bin/python}
EVAL_PROVIDERS=${EVAL_PROVIDERS:-$root/.venv-providers}
export LOGSUI_PYTHON

. "$root/e2e/packages.sh"
python_packages "$EVAL_PROVIDERS" "$here/requirements.txt"

export PYTHONDONTWRITEBYTECODE=1
exec "$EVAL_PROVIDERS/bin/python" "$here" "$@"
