-- A project's oldest entries that no other digester holds, without their bodies. Suspects are left out: a process of
-- its own digests them. The locks last until the transaction ends, so a caller claims no more than it will digest. SKIP
-- LOCKED does not skip its own locks, so it looks after the last id.
SELECT i.id, i.project_id, p.key, p.slug, i.source, i.content_type, i.received_at, i.raw_bytes, i.log_count, i.digested_logs,
    octet_length(i.body)
FROM (
    SELECT * FROM inbox
    WHERE project_id = %(project_id)b AND id > %(after)b AND raw_bytes <= %(most_bytes)b
        AND NOT EXISTS (SELECT 1 FROM digest_suspect AS s WHERE s.entry_id = inbox.id)
    ORDER BY id LIMIT %(most)b FOR UPDATE SKIP LOCKED
) AS i
LEFT JOIN sessions_app_project AS p ON p.id = i.project_id
ORDER BY i.id
