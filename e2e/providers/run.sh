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

# The copy says which requirements are installed, so that a second run starts at once.
if ! cmp -s "$here/requirements.txt" "$EVAL_PROVIDERS/requirements.txt"; then
    echo "eval-providers: installing $here/requirements.txt into $EVAL_PROVIDERS (about a minute)"
    rm -rf "$EVAL_PROVIDERS"
    "$LOGSUI_PYTHON" -m venv "$EVAL_PROVIDERS"
    "$EVAL_PROVIDERS/bin/python" -m pip install -qq --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$EVAL_PROVIDERS/requirements.txt"
fi

export PYTHONDONTWRITEBYTECODE=1
exec "$EVAL_PROVIDERS/bin/python" "$here" "$@"
