DELETE FROM moved_id WHERE key_id = ANY(%(key_ids)s::uuid[])
