#!/bin/sh
# Start a LiteLLM proxy that logs to logsui:
#     pip install 'litellm[proxy]==1.106.2'
#     LOGSUI_API_KEY=<a key of logsui with scope ingest> sh examples/litellm/start-proxy.sh
# Further arguments go to `litellm`, for instance `--port 4001`.
set -eu

export LOGSUI_ENDPOINT="${LOGSUI_ENDPOINT:-http://127.0.0.1:8000/api/v1/litellm}"
export LOGSUI_AUTHORIZATION="Bearer ${LOGSUI_API_KEY:?set it to a key of logsui with scope ingest}"
export LITELLM_MASTER_KEY="${LITELLM_MASTER_KEY:-sk-local-example}"

# Settings that LiteLLM reads from the environment alone. With these it loses no events: see docs/ingestion.md.
export DEFAULT_BATCH_SIZE=1
export LOGGING_WORKER_MAX_TIME_PER_COROUTINE=600
export LOGGING_WORKER_CONCURRENCY=20

exec "${LITELLM:-litellm}" --config "$(dirname "$0")/config.yaml" --host 127.0.0.1 "$@"
