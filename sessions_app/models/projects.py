"""Tables of who may send and read logs: projects, API keys, links to sign in, attempts to sign in."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Project(models.Model):
    """A team's or an environment's logs, isolated from all others."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120, blank=True)
    # Whether spans that are no part of a GenAI application (HTTP, databases) are kept beside the requests.
    keeps_other_spans = models.BooleanField(default=True, db_default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name or self.slug


class ApiKey(models.Model):
    """Access of a program to one project. Only the SHA-256 of the key is kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_keys", db_constraint=False)
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20))
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True)
    # Who made it. Except for writing, the key can do no more than its maker. NULL for keys of the operator, made by a
    # command. The id stays when the user is deleted, so that the key does not become the operator's.
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class ModelPrice(models.Model):
    """A project's own price of a model, or of those whose names match a pattern: US dollars for a million tokens."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prices", db_constraint=False)
    # The name as logged, with or without provider (`azure/gpt-4o`); `*` stands for any text.
    pattern = models.CharField(max_length=200)
    valid_from = models.DateField()
    input = models.DecimalField(null=True, blank=True, max_digits=20, decimal_places=10)
    cached = models.DecimalField(null=True, blank=True, max_digits=20, decimal_places=10)
    cache_write = models.DecimalField(null=True, blank=True, max_digits=20, decimal_places=10)
    cache_write_1h = models.DecimalField(null=True, blank=True, max_digits=20, decimal_places=10)
    output = models.DecimalField(null=True, blank=True, max_digits=20, decimal_places=10)
    reasoning = models.DecimalField(null=True, blank=True, max_digits=20, decimal_places=10)
    audio_input = models.DecimalField(null=True, blank=True, max_digits=20, decimal_places=10)
    audio_output = models.DecimalField(null=True, blank=True, max_digits=20, decimal_places=10)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=150, blank=True)

    class Meta:
        db_table = "model_price"
        verbose_name = "price"
        ordering = ("pattern", "-valid_from")
        constraints = [models.UniqueConstraint("project", "pattern", "valid_from", name="model_price_once")]

    def __str__(self) -> str:
        return self.pattern


class SignInToken(models.Model):
    """A link that signs a user in once. Only the SHA-256 of the token is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)


class Throttle(models.Model):
    """How many attempts to sign in were counted in one window of time (`sessions_app.access.throttle`)."""

    key = models.CharField(primary_key=True, max_length=80)
    hits = models.IntegerField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "throttle"
        # For cleaning up.
        indexes = [models.Index(fields=["expires_at"], name="throttle_expiry")]
