#!/bin/sh
# Two chat completions in one session, by curl through a LiteLLM proxy.
set -eu

base_url=${LITELLM_PROXY_URL:-http://127.0.0.1:4000}
api_key=${LITELLM_MASTER_KEY:-sk-local-example}
trace_id=${TRACE_ID:-curl-$(date +%s)-$$}

curl -sS --fail-with-body "$base_url/v1/chat/completions" \
    -H "Authorization: Bearer $api_key" \
    -H "Content-Type: application/json" \
    -d '{
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "metadata": {"litellm_trace_id": "'"$trace_id"'"}
    }'
echo

curl -sS --fail-with-body "$base_url/v1/chat/completions" \
    -H "Authorization: Bearer $api_key" \
    -H "Content-Type: application/json" \
    -d '{
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "user", "content": "What is the capital of France?"},
            {"role": "assistant", "content": "Paris is the capital of France."},
            {"role": "user", "content": "And how many people live there?"}
        ],
        "metadata": {"litellm_trace_id": "'"$trace_id"'"}
    }'
echo

echo "session: $trace_id"
