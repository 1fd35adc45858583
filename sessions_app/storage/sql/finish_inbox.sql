-- Deletes digested entries, and counts them as gone.
WITH gone AS (
    DELETE FROM inbox WHERE id = ANY(%(ids)b::bigint[]) RETURNING project_id, raw_bytes
)
INSERT INTO inbox_usage AS u (project_id, slot, bytes_out, entries_out)
SELECT project_id, mod(pg_backend_pid(), 32), sum(raw_bytes), count(*) FROM gone GROUP BY project_id
ON CONFLICT (project_id, slot) DO UPDATE SET
    bytes_out = u.bytes_out + excluded.bytes_out, entries_out = u.entries_out + excluded.entries_out
