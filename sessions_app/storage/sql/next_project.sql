-- The project after this one that has something in the inbox; after the last one comes the first one.
SELECT coalesce(
    (SELECT project_id FROM inbox WHERE project_id > %(after)b ORDER BY project_id LIMIT 1),
    (SELECT project_id FROM inbox ORDER BY project_id LIMIT 1)
)
