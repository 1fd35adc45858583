-- The number of copies beside a request is stored with its key, which moves with it.
UPDATE request_key AS k SET contradictions = k.contradictions + f.copies
FROM unnest(%(key_id)b::uuid[], %(copies)b::int[]) AS f (key_id, copies)
WHERE k.id = f.key_id
