-- The words come normalised and numbered. Reading them as a tsvector costs a third of parsing text.
INSERT INTO part_search (part_id, session_id, bucket, project_id, created_at, clipped, tsv)
SELECT part_id, session_id, bucket, project_id, created_at, clipped, words::tsvector
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(project_id)b::bigint[],
    %(created_at)b::timestamptz[], %(clipped)b::int[], %(words)b::text[]
) AS t (part_id, session_id, bucket, project_id, created_at, clipped, words)
ON CONFLICT (part_id, session_id, bucket) DO NOTHING
