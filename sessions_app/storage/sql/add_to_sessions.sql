-- Adds stored requests that came from other sessions to the roll-ups of those they are in now, as upsert_sessions adds
-- new ones. Retries are counted afterwards.
WITH chosen AS NOT MATERIALIZED (
    SELECT l.*, NOT l.step AND l.duplicate_of IS NULL AS counted
    FROM unnest(%(ids)b::uuid[], %(session_ids)b::uuid[], %(buckets)b::date[]) AS m (id, session_id, bucket)
    JOIN request_log AS l ON l.id = m.id AND l.session_id = m.session_id AND l.bucket = m.bucket
), sums AS (
    -- include _session_sums.sql
), tagged AS (
    -- include _session_tags.sql
), failed AS (
    -- include _session_tool_failures.sql
)
UPDATE session AS s SET
    -- include _add_to_session.sql
FROM (
    SELECT
        sums.*, coalesce(tagged.tags, '{}') AS tags, coalesce(failed.tool_failures, '{}') AS tool_failures,
        coalesce(failed.failed_tools, '{}') AS failed_tools
    FROM sums LEFT JOIN tagged USING (id) LEFT JOIN failed USING (id)
) AS excluded
WHERE s.id = excluded.id
