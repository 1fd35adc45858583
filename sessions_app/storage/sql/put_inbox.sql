-- One statement is one round trip and one commit, and the digester is notified when that commit is durable. Connections
-- count in rows of their own (nearly), so that none waits for the commit of another.
WITH entry AS (
    INSERT INTO inbox (project_id, source, content_type, raw_bytes, log_count, body)
    VALUES (%(project_id)b, %(source)b, %(content_type)b, %(raw_bytes)b, %(log_count)b, %(body)b)
    RETURNING id, received_at
), counted AS (
    INSERT INTO inbox_usage AS u (project_id, slot, bytes_in, entries_in)
    VALUES (%(project_id)b, mod(pg_backend_pid(), 32), %(raw_bytes)b, 1)
    ON CONFLICT (project_id, slot) DO UPDATE SET
        bytes_in = u.bytes_in + excluded.bytes_in, entries_in = u.entries_in + excluded.entries_in
)
SELECT id, received_at, pg_notify('logsui_inbox', '') FROM entry
