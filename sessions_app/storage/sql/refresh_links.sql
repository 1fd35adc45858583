-- Writes what today's rules read in stored requests.
UPDATE request_log AS r SET
    provides = string_to_array(m.provides, ',')::uuid[], needs = string_to_array(m.needs, ',')::uuid[],
    previous = m.previous, attempt = m.attempt, call = m.call, resent_count = m.resent_count
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(provides)b::text[], %(needs)b::text[],
    %(previous)b::uuid[], %(attempt)b::uuid[], %(call)b::uuid[], %(resent_count)b::int[]
) AS m (id, session_id, bucket, provides, needs, previous, attempt, call, resent_count)
WHERE r.id = m.id AND r.session_id = m.session_id AND r.bucket = m.bucket
    AND (r.provides, r.needs, r.previous, r.attempt, r.call, r.resent_count) IS DISTINCT FROM
        (string_to_array(m.provides, ',')::uuid[], string_to_array(m.needs, ',')::uuid[], m.previous, m.attempt,
         m.call, m.resent_count)
