DELETE FROM assignment WHERE id = ANY(%(key_ids)s::uuid[])
