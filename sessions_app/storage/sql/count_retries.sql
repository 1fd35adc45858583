-- How many requests of each session follow one with the same input that failed shortly before
-- (`linking.ATTEMPT_WINDOW`), or a failed one of the same call. Most sessions have no failure and are not read.
WITH failed AS (
    SELECT id FROM session WHERE id = ANY(%(ids)b::uuid[]) AND error_count > 0
), retried AS (
    SELECT session_id, count(*) AS retry_count
    FROM (
        SELECT
            session_id,
            lag(status) OVER same_input = 'error' AND started_at - lag(started_at) OVER same_input <= interval '15 minutes'
                AND attempt IS NOT NULL AS repeats_input,
            lag(status) OVER same_call = 'error' AND call IS NOT NULL AS repeats_call
        FROM request_log
        WHERE session_id IN (SELECT id FROM failed) AND duplicate_of IS NULL AND NOT step
        WINDOW same_input AS (PARTITION BY session_id, attempt, kind ORDER BY started_at, id),
            same_call AS (PARTITION BY session_id, call, kind ORDER BY started_at, id)
    ) AS r
    WHERE repeats_input OR repeats_call
    GROUP BY session_id
)
UPDATE session AS s SET retry_count = coalesce(a.retry_count, 0)
FROM failed AS f LEFT JOIN retried AS a ON a.session_id = f.id
WHERE s.id = f.id AND s.retry_count <> coalesce(a.retry_count, 0)
