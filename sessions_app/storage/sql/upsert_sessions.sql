-- Adds new requests to the roll-ups of their sessions. It is the last statement of a batch and sorted by id, so that
-- two batches lock the sessions that they share late and in the same order. A revision begins with the time: a session
-- that was deleted and comes back has another one than it ever had.
INSERT INTO session AS s (
    id, project_id, session_key, title, title_at, preview, preview_at, first_at, last_at, request_count,
    error_count, step_count, input_tokens, output_tokens, cached_tokens, cost, models, users, tags, sources,
    failed_tools, tool_failures, tool_error_count, tool_looks_failed_count, rules, rule_counts, name_rank, buckets,
    source_name, source_name_at, revision
)
SELECT
    id, project_id, session_key, title, title_at, preview, preview_at, first_at, last_at, request_count,
    error_count, step_count, input_tokens, output_tokens, cached_tokens, cost, string_to_array(models, E'\x1f'),
    string_to_array(users, E'\x1f'), string_to_array(tags, E'\x1f'), string_to_array(sources, E'\x1f'),
    string_to_array(failed_tools, E'\x1f'), failure_union('{}', string_to_array(tool_failures, ',')::bigint[]),
    failure_count(failure_union('{}', string_to_array(tool_failures, ',')::bigint[]), 0),
    failure_count(failure_union('{}', string_to_array(tool_failures, ',')::bigint[]), 1),
    rules_of(string_to_array(rule_counts, ',')::bigint[]), string_to_array(rule_counts, ',')::bigint[], name_rank,
    string_to_array(buckets, E'\x1f')::date[], source_name, source_name_at,
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
FROM unnest(
    %(id)b::uuid[], %(project_id)b::bigint[], %(session_key)b::text[], %(title)b::text[],
    %(title_at)b::timestamptz[], %(preview)b::text[], %(preview_at)b::timestamptz[], %(first_at)b::timestamptz[],
    %(last_at)b::timestamptz[], %(request_count)b::bigint[], %(error_count)b::bigint[], %(step_count)b::bigint[],
    %(input_tokens)b::bigint[], %(output_tokens)b::bigint[], %(cached_tokens)b::bigint[], %(cost)b::numeric[],
    %(models)b::text[], %(users)b::text[], %(tags)b::text[], %(sources)b::text[], %(failed_tools)b::text[],
    %(tool_failures)b::text[], %(rule_counts)b::text[],
    %(name_rank)b::smallint[], %(buckets)b::text[], %(source_name)b::text[], %(source_name_at)b::timestamptz[]
) AS t (
    id, project_id, session_key, title, title_at, preview, preview_at, first_at, last_at, request_count,
    error_count, step_count, input_tokens, output_tokens, cached_tokens, cost, models, users, tags, sources,
    failed_tools, tool_failures, rule_counts, name_rank, buckets, source_name, source_name_at
)
ON CONFLICT (id) DO UPDATE SET
    -- include _add_to_session.sql
