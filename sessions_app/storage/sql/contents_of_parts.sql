SELECT p.id, p.session_id, p.bucket, p.kind, p.role, p.content
FROM unnest(%(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[]) AS m (id, session_id, bucket)
JOIN part AS p ON p.id = m.id AND p.session_id = m.session_id AND p.bucket = m.bucket
