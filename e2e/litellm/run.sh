#!/bin/sh
# End-to-end tests of LiteLLM: a real proxy, real clients and the files of examples/litellm against a running server.
#     sh e2e/litellm/run.sh [pytest arguments]
# Makes an environment of its own (.venv-e2e, or $E2E_VENV); expects the project's (.venv, or $LOGSUI_PYTHON).
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
venv=${E2E_VENV:-$root/.venv-e2e}
requirements=$root/e2e/litellm/requirements.txt
LOGSUI_PYTHON=${LOGSUI_PYTHON:-$root/.venv/bin/python}
export LOGSUI_PYTHON

if ! [ -x "$LOGSUI_PYTHON" ]; then
    echo "e2e-litellm: no $LOGSUI_PYTHON; run \`make install\` first, or set LOGSUI_PYTHON" >&2
    exit 2
fi

# The copy says which requirements are installed, so that a second run starts at once.
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
    echo "e2e-litellm: installing $requirements into $venv (about a minute)"
    rm -rf "$venv"
    "$LOGSUI_PYTHON" -m venv "$venv"
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$venv/requirements.txt"
fi

cd "$root"
export PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" -m pytest -c e2e/litellm/pytest.ini --rootdir e2e/litellm e2e/litellm "$@"
