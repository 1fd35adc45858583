-- Moves a body to the rejected logs as it lies in the inbox; nobody reads it.
WITH entry AS (
    DELETE FROM inbox WHERE id = %(entry_id)b
    RETURNING project_id, source, received_at, raw_bytes, content_type, body
), suspect AS (
    DELETE FROM digest_suspect WHERE entry_id = %(entry_id)b
)
INSERT INTO rejected_log
    (project_id, source, received_at, rejected_at, reason_type, reason, field, raw_bytes, content_type, body)
SELECT project_id, source, received_at, now(), %(reason_type)b, %(reason)b, '', raw_bytes, content_type, body FROM entry
