-- Inserts requests under the sessions that they go to. The old rows are deleted next: a shard key is never updated.
INSERT INTO request_log (
    id, session_id, bucket, project_id, request_id, source, kind, call_type, model, requested_model, provider,
    api_base, status, http_status, error_type, error_message, finish_reason, started_at, first_token_at, ended_at,
    received_at, time_problems, input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens,
    cost, cost_breakdown, end_user, key_alias, tags, metadata, trace_id, parent_id, span_id, name, tool_name,
    tool_call_id, step, duplicate_of, problems, rule, rule_detail, weak, provides, needs, previous, attempt, call,
    task, resent_call, resent_count, input_preview, output_preview, byte_size, skeleton, input_parts, output_parts,
    context_parts, tool_failures, failed_tools, tool_error_count, tool_looks_failed_count, cost_source, price, profile
)
SELECT
    m.new_id, m.new_session_id, r.bucket, r.project_id, r.request_id, r.source, r.kind, r.call_type, r.model,
    r.requested_model, r.provider, r.api_base, r.status, r.http_status, r.error_type, r.error_message,
    r.finish_reason, r.started_at, r.first_token_at, r.ended_at, r.received_at, r.time_problems, r.input_tokens,
    r.output_tokens, r.cached_tokens, r.cache_write_tokens, r.reasoning_tokens, r.cost, r.cost_breakdown,
    r.end_user, r.key_alias, r.tags, r.metadata, r.trace_id, r.parent_id, r.span_id, r.name, r.tool_name,
    r.tool_call_id, r.step, m.duplicate_of, r.problems, m.rule, m.rule_detail, m.weak, r.provides, r.needs,
    r.previous, r.attempt, r.call, r.task, r.resent_call, r.resent_count, r.input_preview, r.output_preview, r.byte_size, r.skeleton,
    r.input_parts, r.output_parts, r.context_parts, r.tool_failures, r.failed_tools, r.tool_error_count,
    r.tool_looks_failed_count, r.cost_source, r.price, r.profile
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(new_id)b::uuid[], %(new_session_id)b::uuid[],
    %(rule)b::text[], %(rule_detail)b::text[], %(weak)b::bool[], %(duplicate_of)b::uuid[]
) AS m (id, session_id, bucket, new_id, new_session_id, rule, rule_detail, weak, duplicate_of)
JOIN request_log AS r ON r.id = m.id AND r.session_id = m.session_id AND r.bucket = m.bucket
