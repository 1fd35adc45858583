-- Writes what today's rules read in stored requests.
UPDATE request_log AS r SET
    provides = string_to_array(m.provides, ',')::uuid[], needs = string_to_array(m.needs, ',')::uuid[],
    previous = m.previous, attempt = m.attempt, call = m.call, task = m.task, resent_call = m.resent_call,
    resent_count = m.resent_count,
    tool_failures = nullif(string_to_array(m.tool_failures, ',')::bigint[], '{}'),
    failed_tools = nullif(string_to_array(m.failed_tools, E'\x1f'), '{}'), tool_error_count = m.tool_error_count,
    tool_looks_failed_count = m.tool_looks_failed_count, profile = m.profile
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(provides)b::text[], %(needs)b::text[],
    %(previous)b::uuid[], %(attempt)b::uuid[], %(call)b::uuid[], %(task)b::uuid[],
    %(resent_call)b::text[], %(resent_count)b::int[], %(tool_failures)b::text[], %(failed_tools)b::text[],
    %(tool_error_count)b::int[], %(tool_looks_failed_count)b::int[], %(profile)b::bytea[]
) AS m (
    id, session_id, bucket, provides, needs, previous, attempt, call, task, resent_call, resent_count, tool_failures,
    failed_tools, tool_error_count, tool_looks_failed_count, profile
)
WHERE r.id = m.id AND r.session_id = m.session_id AND r.bucket = m.bucket
    AND (r.provides, r.needs, r.previous, r.attempt, r.call, r.task, r.resent_call, r.resent_count,
         nullif(r.tool_failures, '{}'), nullif(r.failed_tools, '{}'), r.tool_error_count, r.tool_looks_failed_count,
         r.profile) IS DISTINCT FROM
        (string_to_array(m.provides, ',')::uuid[], string_to_array(m.needs, ',')::uuid[], m.previous, m.attempt,
         m.call, m.task, m.resent_call, m.resent_count, nullif(string_to_array(m.tool_failures, ',')::bigint[], '{}'),
         nullif(string_to_array(m.failed_tools, E'\x1f'), '{}'), m.tool_error_count, m.tool_looks_failed_count,
         m.profile)
RETURNING r.session_id
