-- Updates the rules of sessions, and nothing else, when other rules hold for their requests.
UPDATE session AS s SET
    revision = s.revision + 1,
    rules = rules_of(add_counts(s.rule_counts, m.rule_counts)), rule_counts = add_counts(s.rule_counts, m.rule_counts),
    name_rank = least(s.name_rank, m.name_rank)
FROM (
    SELECT id, string_to_array(rule_counts, ',')::bigint[] AS rule_counts, name_rank
    FROM unnest(%(id)b::uuid[], %(rule_counts)b::text[], %(name_rank)b::smallint[]) AS t (id, rule_counts, name_rank)
) AS m
WHERE s.id = m.id
