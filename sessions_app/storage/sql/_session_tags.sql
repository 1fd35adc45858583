    -- The tags of the requests `chosen`.
    SELECT session_id AS id, (array_agg(DISTINCT tag ORDER BY tag))[:50] AS tags
    FROM chosen, unnest(tags) AS tag
    GROUP BY session_id
