-- Takes away the earliest copies beside a request, to compare them again.
WITH gone AS (
    DELETE FROM contradicting_copy WHERE id IN (
        SELECT id FROM contradicting_copy WHERE key_id = %(key_id)b ORDER BY entry_id, entry_index, id LIMIT %(most)b
    )
    RETURNING key_id, source, received_at, entry_id, entry_index, body
), counted AS (
    UPDATE request_key SET contradictions = contradictions - (SELECT count(*) FROM gone)::int WHERE id = %(key_id)b
)
SELECT source, received_at, entry_id, entry_index, body FROM gone ORDER BY entry_id, entry_index
