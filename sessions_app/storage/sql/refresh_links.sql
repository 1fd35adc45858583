-- Writes what today's rules read in stored requests.
UPDATE request_log AS r SET
    provides = string_to_array(m.provides, ',')::uuid[], needs = string_to_array(m.needs, ',')::uuid[],
    previous = m.previous, attempt = m.attempt, call = m.call, task = m.task, resent_call = m.resent_call,
    resent_count = m.resent_count
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(provides)b::text[], %(needs)b::text[],
    %(previous)b::uuid[], %(attempt)b::uuid[], %(call)b::uuid[], %(task)b::uuid[], %(resent_call)b::text[], %(resent_count)b::int[]
) AS m (id, session_id, bucket, provides, needs, previous, attempt, call, task, resent_call, resent_count)
WHERE r.id = m.id AND r.session_id = m.session_id AND r.bucket = m.bucket
    AND (r.provides, r.needs, r.previous, r.attempt, r.call, r.task, r.resent_call, r.resent_count) IS DISTINCT FROM
        (string_to_array(m.provides, ',')::uuid[], string_to_array(m.needs, ',')::uuid[], m.previous, m.attempt,
         m.call, m.task, m.resent_call, m.resent_count)
