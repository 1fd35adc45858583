-- One statement, so one round trip and one commit; the digester hears of it when that commit is durable.
WITH entry AS (
    INSERT INTO inbox (project_id, source, content_type, raw_bytes, log_count, body)
    VALUES (%(project_id)b, %(source)b, %(content_type)b, %(raw_bytes)b, %(log_count)b, %(body)b)
    RETURNING id, received_at
)
SELECT id, received_at, pg_notify('logsui_inbox', '') FROM entry
