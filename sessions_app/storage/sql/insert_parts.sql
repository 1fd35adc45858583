-- Another writer may have inserted the same part since the probe. The rows that come back are new.
INSERT INTO part (id, session_id, bucket, kind, role, byte_size, content)
SELECT * FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(kind)b::smallint[], %(role)b::text[],
    %(byte_size)b::int[], %(content)b::bytea[]
)
ON CONFLICT (id, session_id, bucket) DO NOTHING
RETURNING id, bucket
