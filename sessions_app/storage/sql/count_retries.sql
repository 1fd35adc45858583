-- Counts the retries in these sessions. Most sessions have no failure and are not read.
WITH failed AS (
    SELECT id FROM session WHERE id = ANY(%(ids)b::uuid[]) AND error_count > 0
), chosen AS NOT MATERIALIZED (
    SELECT *, NOT step AND duplicate_of IS NULL AS counted FROM request_log WHERE session_id IN (SELECT id FROM failed)
), retried AS (
    -- include _session_retries.sql
)
UPDATE session AS s SET retry_count = coalesce(r.retry_count, 0)
FROM failed AS f LEFT JOIN retried AS r USING (id)
WHERE s.id = f.id AND s.retry_count <> coalesce(r.retry_count, 0)
