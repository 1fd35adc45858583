-- Inserts empty sessions. The roll-ups of their requests are added in the same transaction.
INSERT INTO session (id, project_id, session_key, first_at, last_at, request_count, error_count, models, users, tags,
sources, rules, rule_counts, tool_failures, failed_tools, buckets, revision)
SELECT id, project_id, session_key, 'infinity', '-infinity', 0, 0, '{}', '{}', '{}', '{}', '{}', '{}', '{}',
'{}', '{}', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
FROM unnest(%(id)b::uuid[], %(project_id)b::bigint[], %(session_key)b::text[]) AS t (id, project_id, session_key)
ON CONFLICT (id) DO NOTHING
