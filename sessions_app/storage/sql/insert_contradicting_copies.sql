-- The same copy again is the same row. What is beside a request is counted at its key, which moves with it.
WITH fresh AS (
    INSERT INTO contradicting_copy (
        id, key_id, project_id, source, received_at, entry_id, entry_index, differs, byte_size, body
    )
    SELECT
        id, key_id, project_id, source, received_at, entry_id, entry_index, string_to_array(differs, E'\x1f'), byte_size,
        body
    FROM unnest(
        %(id)b::uuid[], %(key_id)b::uuid[], %(project_id)b::bigint[], %(source)b::text[],
        %(received_at)b::timestamptz[], %(entry_id)b::bigint[], %(entry_index)b::int[], %(differs)b::text[],
        %(byte_size)b::bigint[], %(body)b::bytea[]
    ) AS t (id, key_id, project_id, source, received_at, entry_id, entry_index, differs, byte_size, body)
    ON CONFLICT (id) DO NOTHING
    RETURNING key_id
), counted AS (
    UPDATE request_key AS k SET contradictions = k.contradictions + f.copies
    FROM (SELECT key_id, count(*)::int AS copies FROM fresh GROUP BY key_id) AS f
    WHERE k.id = f.key_id
)
SELECT count(*) FROM fresh
