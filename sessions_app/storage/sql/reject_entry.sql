-- Moves a body from the inbox to the rejected logs as it is, unread. It is counted as gone.
WITH entry AS (
    DELETE FROM inbox WHERE id = %(entry_id)b
    RETURNING project_id, source, received_at, raw_bytes, content_type, body
), suspect AS (
    DELETE FROM digest_suspect WHERE entry_id = %(entry_id)b
), rejected AS (
    INSERT INTO rejected_log
        (project_id, source, received_at, rejected_at, reason_type, reason, field, raw_bytes, content_type, body)
    SELECT project_id, source, received_at, now(), %(reason_type)b, %(reason)b, '', raw_bytes, content_type, body
    FROM entry
)
INSERT INTO inbox_usage AS u (project_id, slot, bytes_out, entries_out)
SELECT project_id, mod(pg_backend_pid(), 32), raw_bytes, 1 FROM entry
ON CONFLICT (project_id, slot) DO UPDATE SET
    bytes_out = u.bytes_out + excluded.bytes_out, entries_out = u.entries_out + excluded.entries_out
