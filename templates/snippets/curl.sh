curl {{ base }}/api/v1/logs \
  -H "Authorization: Bearer {{ key }}" \
  -H "Content-Type: application/json" \
  -d '{
    "trace_id": "hello-1",
    "model": "gpt-4o-mini",
    "request": {"messages": [{"role": "user", "content": "Hello"}]},
    "response": {"choices": [{"message": {"role": "assistant", "content": "Hi there."}}]},
    "usage": {"input_tokens": 8, "output_tokens": 4}
  }'
