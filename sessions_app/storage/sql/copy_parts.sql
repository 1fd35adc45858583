INSERT INTO part (id, session_id, bucket, kind, role, byte_size, content)
SELECT m.new_id, m.new_session_id, p.bucket, p.kind, p.role, p.byte_size, p.content
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(new_id)b::uuid[], %(new_session_id)b::uuid[]
) AS m (id, session_id, bucket, new_id, new_session_id)
JOIN part AS p ON p.id = m.id AND p.session_id = m.session_id AND p.bucket = m.bucket
ON CONFLICT (id, session_id, bucket) DO NOTHING
RETURNING id, session_id, bucket, kind
