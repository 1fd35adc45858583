-- The hashes of all rows come as one array, of which each has a slice: arrays of arrays must be rectangular.
INSERT INTO request_search (id, session_id, bucket, project_id, started_at, words, parts)
SELECT id, session_id, bucket, project_id, started_at, (%(words)b::int[])[words_from:words_to], parts
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(project_id)b::bigint[],
    %(started_at)b::timestamptz[], %(words_from)b::int[], %(words_to)b::int[], %(parts)b::bytea[]
) AS t (id, session_id, bucket, project_id, started_at, words_from, words_to, parts)
ON CONFLICT (id, session_id, bucket) DO NOTHING
