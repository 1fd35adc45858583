-- A copy that comes again is the same row, with the time of its first receipt. xmax is 0 for a row that this statement
-- inserted.
INSERT INTO contradicting_copy AS c (
    id, key_id, project_id, source, received_at, entry_id, entry_index, differs, byte_size, body
)
SELECT
    id, key_id, project_id, source, received_at, entry_id, entry_index, string_to_array(differs, E'\x1f'), byte_size, body
FROM unnest(
    %(id)b::uuid[], %(key_id)b::uuid[], %(project_id)b::bigint[], %(source)b::text[], %(received_at)b::timestamptz[],
    %(entry_id)b::bigint[], %(entry_index)b::int[], %(differs)b::text[], %(byte_size)b::bigint[], %(body)b::bytea[]
) AS t (id, key_id, project_id, source, received_at, entry_id, entry_index, differs, byte_size, body)
ON CONFLICT (id) DO UPDATE SET
    received_at = least(c.received_at, excluded.received_at),
    entry_id = least(c.entry_id, excluded.entry_id),
    entry_index = CASE WHEN (excluded.entry_id, excluded.entry_index) < (c.entry_id, c.entry_index)
                       THEN excluded.entry_index ELSE c.entry_index END
RETURNING key_id, xmax = 0
