-- Deletes the spans of requests whose idempotency keys are deleted next, and other spans of traces that have none left.
WITH gone AS (
    DELETE FROM trace_span WHERE key_id = ANY(%(key_ids)s::uuid[]) RETURNING trace
), others AS (
    DELETE FROM trace_span AS t
    USING (SELECT DISTINCT trace FROM gone) AS g
    WHERE t.trace = g.trace AND t.kind = 'other' AND NOT EXISTS (
        SELECT 1 FROM trace_span AS o
        WHERE o.trace = g.trace AND o.kind <> 'other' AND o.key_id <> ALL(%(key_ids)s::uuid[])
    )
    RETURNING t.key_id
)
DELETE FROM contradicting_copy WHERE key_id IN (SELECT key_id FROM others)
