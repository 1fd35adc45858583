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

. "$root/e2e/packages.sh"
python_packages "$venv" "$requirements"

cd "$root"
export PYTHONDONTWRITEBYTECODE=1
# A folder of its own: when pytest starts, it takes the way through its shared one from other users, and so from the
# server of another run.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$venv/bin/python" -m pytest -c e2e/litellm/pytest.ini --rootdir e2e/litellm e2e/litellm --basetemp "$folder/pytest" "$@"
