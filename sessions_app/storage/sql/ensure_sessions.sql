-- With a time that the roll-up, computed in the same transaction, replaces.
INSERT INTO session (id, project_id, session_key, first_at, last_at, request_count, error_count, models, users, tags,
sources, rules, buckets)
SELECT id, project_id, session_key, 'epoch', 'epoch', 0, 0, '{}', '{}', '{}', '{}', '{}', '{}'
FROM unnest(%(id)b::uuid[], %(project_id)b::bigint[], %(session_key)b::text[]) AS t (id, project_id, session_key)
ON CONFLICT (id) DO NOTHING
