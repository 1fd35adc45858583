INSERT INTO part_search (part_id, session_id, bucket, project_id, created_at, clipped, tsv)
SELECT m.new_id, m.new_session_id, p.bucket, p.project_id, p.created_at, p.clipped, p.tsv
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(new_id)b::uuid[], %(new_session_id)b::uuid[]
) AS m (id, session_id, bucket, new_id, new_session_id)
JOIN part_search AS p ON p.part_id = m.id AND p.session_id = m.session_id AND p.bucket = m.bucket
ON CONFLICT (part_id, session_id, bucket) DO NOTHING
