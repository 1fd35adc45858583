-- Those of these parts whose text can be searched (messages, system prompts, what is not read), and their sizes.
SELECT p.id, p.session_id, p.bucket, p.byte_size
FROM unnest(%(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[]) AS m (id, session_id, bucket)
JOIN part AS p ON p.id = m.id AND p.session_id = m.session_id AND p.bucket = m.bucket
WHERE p.kind IN (1, 2, 6)
