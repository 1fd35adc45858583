#!/bin/sh
# OpenTelemetry's exporters for Node against a running server, in each encoding and compression.
#     sh e2e/otel/node/run.sh
# Needs node (18.19 or later) and npm; expects the project's environment (.venv, or $LOGSUI_PYTHON).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
python=${LOGSUI_PYTHON:-$root/.venv/bin/python}

if ! cmp -s "$here/package-lock.json" "$here/node_modules/.installed"; then
    echo "e2e-otel: installing $here/package.json"
    (cd "$here" && npm ci --no-audit --no-fund --silent)
    cp "$here/package-lock.json" "$here/node_modules/.installed"
fi
cd "$root"
exec "$python" -m e2e.otel.node.run
