"""GET /api/v1/sessions/{id}/export: one session as a file, in a format that is chosen."""

from __future__ import annotations

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from sessions_app.api import export
from sessions_app.api.errors import bad_parameter
from sessions_app.api.links import origin_of
from sessions_app.api.parameters import Parameters
from sessions_app.api.schema import operation
from sessions_app.api.serializers.base import Described, Resource
from sessions_app.api.serializers.requests import ExportedRequestSerializer
from sessions_app.api.serializers.sessions import SessionSerializer
from sessions_app.api.sessions import OfSession
from sessions_app.exports.formats import DEFAULT, FORMATS
from sessions_app.exports.session import ExportedSession
from sessions_app.models import Project
from sessions_app.pages.shell import viewer_zone


class WholeSessionSerializer(Resource):
    """A session with all of its requests and steps."""

    session = SessionSerializer()
    requests = ExportedRequestSerializer(many=True, help_text="In chronological order.")


class FormatParameters(Parameters):
    format = Described(
        {"type": "string", "enum": list(FORMATS), "default": DEFAULT},
        "`json`: the session and its requests. `jsonl`: a request a line, which `import_logs` reads. `csv`: the "
        "figures of a request a line. `md`: what each request added, as Markdown. `html`: the same as a page "
        "that needs no server.",
    )


class SessionExportEndpoint(OfSession):
    """One session, whole."""

    http_method_names = ["get"]

    @operation(
        "export_session",
        "Read",
        {200: WholeSessionSerializer},
        (400, 404),
        FormatParameters,
        other_types=[one.media_type for name, one in FORMATS.items() if name != DEFAULT],
    )
    def get(self, request: Request, session_id: str) -> StreamingHttpResponse:
        """Export a session.

        All of it as a file. If the connection breaks, the file is not whole. A session that was merged into another
        one is also found by its former id.
        """
        name = request.query_params.get("format", DEFAULT)
        if name not in FORMATS:
            raise bad_parameter("format", f"must be one of {', '.join(FORMATS)}; got {name[:40]!r}")
        session = self.find(session_id)
        project = Project.objects.get(pk=session.project_id)
        exported = ExportedSession(session, project, origin_of(request), viewer_zone(request))
        pieces = export.in_threads(FORMATS[name].write(exported))
        response = StreamingHttpResponse(pieces, content_type=FORMATS[name].media_type)
        response.headers["Content-Disposition"] = f'attachment; filename="{exported.file_name(name)}"'
        return response
