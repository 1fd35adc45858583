-- The ids by which rejected logs may name these requests.
SELECT DISTINCT n.name
FROM request_log AS r CROSS JOIN LATERAL unnest(ARRAY[r.request_id, r.trace_id]) AS n (name)
WHERE r.session_id = %(session_id)s AND r.bucket = ANY(%(buckets)s::date[]) AND n.name <> ''
    AND (%(ids)s::uuid[] IS NULL OR (r.id = ANY(%(ids)s::uuid[]) AND n.name = r.request_id))
LIMIT 5000
