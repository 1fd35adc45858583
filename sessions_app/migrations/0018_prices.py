"""Costs that can be audited: who says what a request costs, our calculation, and a project's own prices."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0017_bulk_actions"),
    ]

    operations = [
        migrations.AddField(
            model_name="requestlog",
            name="cost_source",
            field=models.TextField(db_default="", default=""),
        ),
        migrations.AddField(
            model_name="requestlog",
            name="price",
            field=models.TextField(null=True),
        ),
        migrations.CreateModel(
            name="ModelPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pattern", models.CharField(max_length=200)),
                ("valid_from", models.DateField()),
                ("input", models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True)),
                ("cached", models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True)),
                ("cache_write", models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True)),
                ("cache_write_1h", models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True)),
                ("output", models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True)),
                ("reasoning", models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True)),
                ("audio_input", models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True)),
                ("audio_output", models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("created_by", models.CharField(blank=True, max_length=150)),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="sessions_app.project",
                    ),
                ),
            ],
            options={
                "verbose_name": "price",
                "db_table": "model_price",
                "ordering": ("pattern", "-valid_from"),
                "constraints": [
                    models.UniqueConstraint(
                        models.F("project"), models.F("pattern"), models.F("valid_from"), name="model_price_once"
                    )
                ],
            },
        ),
    ]
