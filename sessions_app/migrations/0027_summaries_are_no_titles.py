"""A session is called by a summary of the conversation before it only if its user said nothing else."""

from django.db import migrations

# As `content.summaries.is_summary_line`.
IS_SUMMARY = r"""
CREATE FUNCTION is_summary(line text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT line ~ ('^(This session is being continued from a previous conversation'
        '|Another language model started to solve this problem'
        '|You were originally given instructions from a user over one or more turns'
        '|<(state_snapshot|conversation_summary|context_summary|compacted_context|compaction_summary|summary)>'
        '|\[?(Conversation|Context) (summary|compacted))')
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0026_sparse_lists")]

    operations = [migrations.RunSQL(IS_SUMMARY, "DROP FUNCTION is_summary(text)")]
