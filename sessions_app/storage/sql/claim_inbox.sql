-- The oldest entries that no other digester holds, with a running total of their bytes: the first always, more while
-- they fit.
SELECT i.id, i.project_id, p.key, i.source, i.content_type, i.received_at, i.raw_bytes, i.digested_logs, i.body
FROM (
    SELECT c.*, sum(c.raw_bytes) OVER (ORDER BY c.id) AS running
    FROM (
        SELECT * FROM inbox ORDER BY id LIMIT %(most_entries)b FOR UPDATE SKIP LOCKED
    ) AS c
) AS i
LEFT JOIN sessions_app_project AS p ON p.id = i.project_id
WHERE i.running <= %(most_bytes)b OR i.running = i.raw_bytes
ORDER BY i.id
