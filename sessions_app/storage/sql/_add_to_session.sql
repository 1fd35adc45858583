    -- What new requests (`excluded`) add to a session. The title is that of the earliest request that has a user text,
    -- the preview that of the latest that has an answer, whatever the order of arrival; the source's name is its last one.
    title = CASE WHEN
        -- include _is_earlier_title.sql
        THEN excluded.title ELSE s.title END,
    title_at = CASE WHEN
        -- include _is_earlier_title.sql
        THEN excluded.title_at ELSE s.title_at END,
    source_name = CASE WHEN s.source_name_at IS NULL
                            OR (excluded.source_name_at, excluded.source_name) > (s.source_name_at, s.source_name)
                       THEN excluded.source_name ELSE s.source_name END,
    source_name_at = greatest(s.source_name_at, excluded.source_name_at),
    preview = CASE WHEN s.preview_at IS NULL OR (excluded.preview_at, excluded.preview) > (s.preview_at, s.preview)
                   THEN excluded.preview ELSE s.preview END,
    preview_at = greatest(s.preview_at, excluded.preview_at),
    first_at = least(s.first_at, excluded.first_at),
    last_at = greatest(s.last_at, excluded.last_at),
    request_count = s.request_count + excluded.request_count,
    error_count = s.error_count + excluded.error_count,
    step_count = s.step_count + excluded.step_count,
    input_tokens = known_sum(s.input_tokens, excluded.input_tokens)::bigint,
    output_tokens = known_sum(s.output_tokens, excluded.output_tokens)::bigint,
    cached_tokens = known_sum(s.cached_tokens, excluded.cached_tokens)::bigint,
    cost = known_sum(s.cost, excluded.cost),
    models = text_union(s.models, excluded.models, 50),
    users = text_union(s.users, excluded.users, 50),
    tags = text_union(s.tags, excluded.tags, 50),
    failed_tools = text_union(s.failed_tools, excluded.failed_tools, 50),
    tool_failures = failure_union(s.tool_failures, excluded.tool_failures),
    tool_error_count = failure_count(failure_union(s.tool_failures, excluded.tool_failures), 0),
    tool_looks_failed_count = failure_count(failure_union(s.tool_failures, excluded.tool_failures), 1),
    sources = text_union(s.sources, excluded.sources, 50),
    rules = rules_of(add_counts(s.rule_counts, excluded.rule_counts)),
    rule_counts = add_counts(s.rule_counts, excluded.rule_counts),
    name_rank = least(s.name_rank, excluded.name_rank),
    buckets = date_union(s.buckets, excluded.buckets),
    revision = s.revision + 1
