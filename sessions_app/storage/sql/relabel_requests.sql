UPDATE request_log AS r
SET rule = m.rule, rule_detail = m.rule_detail, weak = m.weak, duplicate_of = m.duplicate_of
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(rule)b::text[], %(rule_detail)b::text[],
    %(weak)b::bool[], %(duplicate_of)b::uuid[]
) AS m (id, session_id, bucket, rule, rule_detail, weak, duplicate_of)
WHERE r.id = m.id AND r.session_id = m.session_id AND r.bucket = m.bucket
