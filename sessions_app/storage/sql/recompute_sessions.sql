-- Computes the roll-ups of these sessions from their requests, after a completion, a deletion or a repair. Sessions
-- without requests are left alone. Only wrong roll-ups are updated, and their ids come back. If the requests are `changed`,
-- the revision says so, whatever the sums.
WITH chosen AS NOT MATERIALIZED (
    SELECT *, NOT step AND duplicate_of IS NULL AS counted FROM request_log WHERE session_id = ANY(%(ids)b::uuid[])
), sums AS (
    -- include _session_sums.sql
), tagged AS (
    -- include _session_tags.sql
), failed AS (
    -- include _session_tool_failures.sql
), retried AS (
    -- include _session_retries.sql
), fresh AS (
    SELECT
        sums.*, coalesce(tagged.tags, '{}') AS tags, coalesce(retried.retry_count, 0) AS retry_count,
        rules_of(sums.rule_counts) AS rules, coalesce(failed.failed_tools, '{}') AS failed_tools,
        coalesce(failed.tool_failures, '{}') AS tool_failures,
        coalesce(failure_count(failed.tool_failures, 0), 0) AS tool_error_count,
        coalesce(failure_count(failed.tool_failures, 1), 0) AS tool_looks_failed_count
    FROM sums LEFT JOIN tagged USING (id) LEFT JOIN failed USING (id) LEFT JOIN retried USING (id)
)
UPDATE session AS s SET
    revision = s.revision + 1, title = f.title, title_at = f.title_at, source_name = f.source_name,
    source_name_at = f.source_name_at, preview = f.preview, preview_at = f.preview_at, first_at = f.first_at,
    last_at = f.last_at, request_count = f.request_count, error_count = f.error_count, step_count = f.step_count,
    retry_count = f.retry_count, input_tokens = f.input_tokens, output_tokens = f.output_tokens,
    cached_tokens = f.cached_tokens, cost = f.cost, models = f.models, users = f.users, tags = f.tags,
    sources = f.sources, failed_tools = f.failed_tools, tool_failures = f.tool_failures,
    tool_error_count = f.tool_error_count, tool_looks_failed_count = f.tool_looks_failed_count, rules = f.rules,
    rule_counts = f.rule_counts, name_rank = f.name_rank, buckets = f.buckets
FROM fresh AS f
WHERE s.id = f.id
    AND (%(changed)b OR (s.title, s.title_at, s.source_name, s.source_name_at, s.preview, s.preview_at, s.first_at, s.last_at, s.request_count, s.error_count,
         s.step_count, s.retry_count, s.input_tokens, s.output_tokens, s.cached_tokens, s.cost, s.models, s.users,
         s.tags, s.sources, s.failed_tools, s.tool_failures, s.tool_error_count, s.tool_looks_failed_count, s.rules,
         s.rule_counts, s.name_rank, s.buckets)
    IS DISTINCT FROM
        (f.title, f.title_at, f.source_name, f.source_name_at, f.preview, f.preview_at, f.first_at, f.last_at, f.request_count, f.error_count,
         f.step_count, f.retry_count, f.input_tokens, f.output_tokens, f.cached_tokens, f.cost, f.models, f.users,
         f.tags, f.sources, f.failed_tools, f.tool_failures, f.tool_error_count, f.tool_looks_failed_count, f.rules,
         f.rule_counts, f.name_rank, f.buckets))
RETURNING s.id
