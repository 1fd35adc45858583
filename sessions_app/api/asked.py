"""Reads small JSON bodies that ask for something other than storing logs."""

from __future__ import annotations

from typing import Any

import orjson
from rest_framework import serializers

from sessions_app.api import parameters
from sessions_app.api.errors import DOCS_PATH, ApiError
from sessions_app.api.serializers.base import Resource

MAX_BODY_BYTES = 2**20


def read_body(body: bytes, resource: type[Resource]) -> dict[str, Any]:
    """What a body asks for. Raises ApiError: 400 if it is not JSON, 422 if it is not what `resource` describes."""
    try:
        asked: dict[str, Any] = resource.shared().run_validation(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "invalid_json", f"The body is not JSON: {error}", docs=DOCS_PATH) from None
    except serializers.ValidationError as error:
        raise invalid(*parameters.first_error(error)) from None
    return asked


def invalid(field: str, message: str) -> ApiError:
    """422 for a member."""
    return ApiError(422, "invalid_field", f"{field} {message}", field=field, docs=DOCS_PATH)
