import json
import urllib.request


def log(entry: dict) -> None:
    headers = {"Authorization": "Bearer {{ key }}", "Content-Type": "application/json"}
    body = json.dumps(entry).encode()
    urllib.request.urlopen(urllib.request.Request("{{ base }}/api/v1/logs", body, headers))


log({
    "trace_id": "hello-1",
    "model": "gpt-4o-mini",
    "request": {"messages": [{"role": "user", "content": "Hello"}]},
    "response": {"choices": [{"message": {"role": "assistant", "content": "Hi there."}}]},
    "usage": {"input_tokens": 8, "output_tokens": 4},
})
