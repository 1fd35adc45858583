-- Deletes what belongs to requests whose idempotency keys are deleted next.
WITH gone AS (
    DELETE FROM link AS l WHERE l.key_id = ANY(%(key_ids)s::uuid[]) RETURNING pg_column_size(l.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone
