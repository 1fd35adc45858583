-- Each list comes as one text, joined by the unit separator, because arrays of arrays must be rectangular. Lists that
-- almost no request has are NULL where they are empty.
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
    id, session_id, bucket, project_id, request_id, source, kind, call_type, model, requested_model, provider,
    api_base, status, http_status, error_type, error_message, finish_reason, started_at, first_token_at, ended_at,
    received_at, nullif(string_to_array(time_problems, E'\x1f'), '{}'), input_tokens, output_tokens, cached_tokens,
    cache_write_tokens, reasoning_tokens, cost, cost_breakdown::jsonb, end_user, key_alias, string_to_array(tags,
    E'\x1f'), metadata::jsonb, trace_id, parent_id, span_id, name, tool_name, tool_call_id, step, duplicate_of,
    string_to_array(problems, E'\x1f'), rule, rule_detail, weak, string_to_array(provides, ',')::uuid[],
    string_to_array(needs, ',')::uuid[], previous, attempt, call, task, resent_call, resent_count, input_preview, output_preview,
    byte_size, skeleton, input_parts, output_parts, context_parts,
    nullif(string_to_array(tool_failures, ',')::bigint[], '{}'),
    nullif(string_to_array(failed_tools, E'\x1f'), '{}'), tool_error_count, tool_looks_failed_count, cost_source, price, profile
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(project_id)b::bigint[], %(request_id)b::text[],
    %(source)b::text[], %(kind)b::text[], %(call_type)b::text[], %(model)b::text[], %(requested_model)b::text[],
    %(provider)b::text[], %(api_base)b::text[], %(status)b::text[], %(http_status)b::int[],
    %(error_type)b::text[], %(error_message)b::text[], %(finish_reason)b::text[], %(started_at)b::timestamptz[],
    %(first_token_at)b::timestamptz[], %(ended_at)b::timestamptz[], %(received_at)b::timestamptz[],
    %(time_problems)b::text[], %(input_tokens)b::bigint[], %(output_tokens)b::bigint[],
    %(cached_tokens)b::bigint[], %(cache_write_tokens)b::bigint[], %(reasoning_tokens)b::bigint[],
    %(cost)b::numeric[], %(cost_breakdown)b::text[], %(end_user)b::text[], %(key_alias)b::text[],
    %(tags)b::text[], %(metadata)b::text[], %(trace_id)b::text[], %(parent_id)b::text[], %(span_id)b::text[],
    %(name)b::text[], %(tool_name)b::text[], %(tool_call_id)b::text[], %(step)b::bool[], %(duplicate_of)b::uuid[],
    %(problems)b::text[], %(rule)b::text[], %(rule_detail)b::text[], %(weak)b::bool[], %(provides)b::text[],
    %(needs)b::text[], %(previous)b::uuid[], %(attempt)b::uuid[], %(call)b::uuid[], %(task)b::uuid[], %(resent_call)b::text[],
    %(resent_count)b::int[],
    %(input_preview)b::text[], %(output_preview)b::text[], %(byte_size)b::bigint[], %(skeleton)b::bytea[],
    %(input_parts)b::bytea[], %(output_parts)b::bytea[], %(context_parts)b::bytea[],
    %(tool_failures)b::text[], %(failed_tools)b::text[], %(tool_error_count)b::int[],
    %(tool_looks_failed_count)b::int[], %(cost_source)b::text[], %(price)b::text[], %(profile)b::bytea[]
) AS t (
    id, session_id, bucket, project_id, request_id, source, kind, call_type, model, requested_model, provider,
    api_base, status, http_status, error_type, error_message, finish_reason, started_at, first_token_at, ended_at,
    received_at, time_problems, input_tokens, output_tokens, cached_tokens, cache_write_tokens, reasoning_tokens,
    cost, cost_breakdown, end_user, key_alias, tags, metadata, trace_id, parent_id, span_id, name, tool_name,
    tool_call_id, step, duplicate_of, problems, rule, rule_detail, weak, provides, needs, previous, attempt, call,
    task, resent_call, resent_count, input_preview, output_preview, byte_size, skeleton, input_parts, output_parts,
    context_parts, tool_failures, failed_tools, tool_error_count, tool_looks_failed_count, cost_source, price, profile
)
ON CONFLICT (id, session_id, bucket) DO NOTHING
RETURNING id
