INSERT INTO digest_note (digester, thread, entry_ids) VALUES (%(digester)b, %(thread)b, %(entry_ids)b)
ON CONFLICT (digester, thread) DO UPDATE SET entry_ids = excluded.entry_ids
