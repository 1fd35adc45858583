-- The next project that has something in the inbox. After the last project comes the first.
SELECT coalesce(
    (SELECT project_id FROM inbox WHERE project_id > %(after)b ORDER BY project_id LIMIT 1),
    (SELECT project_id FROM inbox ORDER BY project_id LIMIT 1)
)
