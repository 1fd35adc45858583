#!/bin/sh
# End-to-end tests of OpenTelemetry: real libraries, as they are, and a real server.
#     sh e2e/otel/run.sh [pytest arguments]
# Makes environments of its own (.venv-e2e-otel and .venv-e2e-otel-openai2, or $E2E_OPENAI3 and $E2E_OPENAI2), since
# some libraries want version 2 of OpenAI's client and others version 3. Expects the project's (.venv, or
# $LOGSUI_PYTHON). What needs Node is left out where there is none, but never in continuous integration.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/e2e/otel
LOGSUI_PYTHON=${LOGSUI_PYTHON:-$root/.venv/bin/python}
E2E_OPENAI3=${E2E_OPENAI3:-$root/.venv-e2e-otel}
E2E_OPENAI2=${E2E_OPENAI2:-$root/.venv-e2e-otel-openai2}
export LOGSUI_PYTHON E2E_OPENAI2 E2E_OPENAI3

. "$root/e2e/packages.sh"
python_packages "$E2E_OPENAI2" "$here/requirements-openai2.txt" &
other=$!
python_packages "$E2E_OPENAI3" "$here/requirements-openai3.txt"
if command -v node >/dev/null && command -v npm >/dev/null; then
    for folder in "$here"/node/*/; do
        node_packages "${folder%/}" ci
    done
fi
wait "$other"

cd "$root"
export PYTHONDONTWRITEBYTECODE=1
# A folder of its own: when pytest starts, it takes the way through its shared one from other users, and so from the
# server of another run.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$E2E_OPENAI3/bin/python" -m pytest -c e2e/otel/pytest.ini --rootdir e2e/otel e2e/otel --basetemp "$folder/pytest" "$@"
