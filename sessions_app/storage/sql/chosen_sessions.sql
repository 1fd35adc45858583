-- Which of these sessions have a request that its caller put there.
SELECT s.id
FROM session AS s
WHERE s.id = ANY(%(ids)b::uuid[]) AND EXISTS (
    SELECT 1 FROM request_log AS r
    WHERE r.session_id = s.id AND r.bucket = ANY(s.buckets) AND NOT r.weak AND r.rule IN ('session_id', 'trace_id')
)
