-- Deletes everything that is left of sessions without requests, by their buckets.
DELETE FROM part_search AS p
USING unnest(%(session_id)b::uuid[], %(bucket)b::date[], %(first)b::uuid[], %(last)b::uuid[])
    AS m (session_id, bucket, first, last)
WHERE p.session_id = m.session_id AND p.bucket = m.bucket AND p.part_id BETWEEN m.first AND m.last
