-- The suspect that ended the fewest processes, in the form of claim_inbox.sql, unless another process holds it.
SELECT i.id, i.project_id, p.key, p.slug, i.source, i.content_type, i.received_at, i.raw_bytes, i.log_count, i.digested_logs,
    octet_length(i.body), i.endings, i.most_logs, i.strikes, i.reason
FROM (
    SELECT inbox.*, s.endings, s.most_logs, s.strikes, s.reason
    FROM digest_suspect AS s JOIN inbox ON inbox.id = s.entry_id
    ORDER BY s.endings, s.entry_id LIMIT 1 FOR UPDATE OF inbox SKIP LOCKED
) AS i
LEFT JOIN sessions_app_project AS p ON p.id = i.project_id
