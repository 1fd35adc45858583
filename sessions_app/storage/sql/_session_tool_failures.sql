    -- The tool results of the requests and steps `chosen` that failed, each once.
    SELECT
        session_id AS id,
        failure_union('{}', coalesce(array_agg(f.key) FILTER (WHERE f.key IS NOT NULL), '{}')) AS tool_failures,
        coalesce((array_agg(DISTINCT f.tool ORDER BY f.tool) FILTER (WHERE f.tool IS NOT NULL))[:50], '{}') AS failed_tools
    FROM chosen, unnest(tool_failures, failed_tools) AS f (key, tool)
    WHERE duplicate_of IS NULL
    GROUP BY session_id
