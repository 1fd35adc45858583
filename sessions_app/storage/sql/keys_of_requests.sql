-- The keys of each session are read once, by its index: few of these requests are in other sessions.
WITH asked AS MATERIALIZED (
    SELECT id, session_id FROM request_log WHERE id = ANY(%(ids)b::uuid[])
)
SELECT k.id
FROM request_key AS k
JOIN asked AS a ON a.id = k.request_log_id
WHERE k.session_id = ANY(ARRAY(SELECT DISTINCT session_id FROM asked))
