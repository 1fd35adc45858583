-- If a person moved requests out of a session, it keeps its name for those that stayed and those that come later.
SELECT s.id, CASE WHEN EXISTS (
    SELECT 1 FROM correction AS c
    WHERE c.project_id = s.project_id AND c.source_session_id = s.id AND c.undone_at IS NULL
) THEN least(s.name_rank, 0) ELSE s.name_rank END
FROM session AS s
WHERE s.id = ANY(%(ids)b::uuid[])
