        -- Whether the title of new requests takes the place of the session's. A summary of an agent is a title only where
        -- there is no other. `RollUp.add_texts` does the same within a batch.
        s.title_at IS NULL OR excluded.title_at IS NOT NULL
            AND (is_summary(excluded.title), excluded.title_at, excluded.title)
                < (is_summary(s.title), s.title_at, s.title)
