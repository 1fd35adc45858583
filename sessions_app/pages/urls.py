"""The URLs of the pages."""

from django.urls import URLPattern, URLResolver, path, register_converter
from django.urls.converters import StringConverter

from sessions_app.pages.account import keys, onboarding, prices, projects, sign_in, theme, trace_settings
from sessions_app.pages.bulk import page as bulk
from sessions_app.pages.corrections import forms, history, split
from sessions_app.pages.insights import findings_page as findings
from sessions_app.pages.request import changes, copies, prompt
from sessions_app.pages.request import content as request_content
from sessions_app.pages.request import page as request
from sessions_app.pages.requests import list_page as request_list
from sessions_app.pages.session import live as session_live
from sessions_app.pages.session import name as session_name
from sessions_app.pages.session import page as session
from sessions_app.pages.session import tags as session_tags
from sessions_app.pages.sessions import list_page as session_list
from sessions_app.pages.sessions import outside, saved_views, suggest


class AnyText(StringConverter):
    """Unlike `path`, also a text with line breaks, which an id may have."""

    regex = r"[\s\S]+"


register_converter(AnyText, "text")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", projects.home, name="home"),
    path("login/", sign_in.SignIn.as_view(), name="sign_in"),
    path("sign-in/<str:token>/", sign_in.sign_in_link, name="sign_in_link"),
    path("logout/", sign_in.SignOut.as_view(), name="sign_out"),
    path("account/password/", sign_in.ChangePassword.as_view(), name="password"),
    path("theme/", theme.set_theme, name="theme"),
    path("projects/new/", projects.new_project, name="projects_new"),
    path("p/<slug:slug>/", projects.project_home, name="project"),
    path("p/<slug:slug>/sessions/", session_list.sessions_page, name="sessions"),
    path("p/<slug:slug>/sessions/new/", session_list.new_sessions, name="sessions_news"),
    path("p/<slug:slug>/sessions/facets/", session_list.list_region, {"region": "facets"}, name="sessions_facets"),
    path(
        "p/<slug:slug>/sessions/overview/", session_list.list_region, {"region": "overview"}, name="sessions_overview"
    ),
    path("p/<slug:slug>/sessions/outside/", outside.outside_line, {"unit": "sessions"}, name="sessions_outside"),
    path("p/<slug:slug>/requests/outside/", outside.outside_line, {"unit": "requests"}, name="requests_outside"),
    path("p/<slug:slug>/sessions/suggest/", suggest.suggestions_partial, name="suggestions"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/", session.session_page, name="session"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/find/", session.session_find, name="session_find"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/outline/", session.session_outline, name="session_outline"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/steps/", session.session_steps, name="session_steps"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/tags/", session_tags.tags_page, name="session_tags"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/findings/", findings.findings_page, name="session_findings"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/live/", session_live.session_live, name="session_live"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/name/", session_name.name_page, name="session_name"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/corrections/", history.history_page, name="corrections"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/correct/", forms.correct_page, name="correct"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/correct/move/", forms.move_page, name="correct_move"),
    path("p/<slug:slug>/sessions/<uuid:session_id>/correct/merge/", forms.merge_page, name="correct_merge"),
    path("p/<slug:slug>/requests/<uuid:request_id>/split/", split.split_page, name="correct_split"),
    path("p/<slug:slug>/corrections/<int:correction_id>/undo/", history.undo_page, name="correction_undo"),
    path("p/<slug:slug>/requests/", request_list.requests_page, name="requests"),
    path("p/<slug:slug>/requests/<uuid:request_id>/", request.request_page, name="request"),
    path("p/<slug:slug>/requests/<uuid:request_id>/facts/", request.request_facts, name="request_facts"),
    path("p/<slug:slug>/requests/<uuid:request_id>/step/", request.request_step, name="request_step"),
    path("p/<slug:slug>/requests/<uuid:request_id>/spans/", request.request_spans, name="request_spans"),
    path("p/<slug:slug>/requests/<uuid:request_id>/copies/", copies.copies_page, name="request_copies"),
    path("p/<slug:slug>/requests/<uuid:request_id>/copies/<uuid:copy_id>/", copies.copy_page, name="request_copy"),
    path(
        "p/<slug:slug>/requests/<uuid:request_id>/copies/<uuid:copy_id>/raw/<str:which>/",
        copies.copy_raw,
        name="request_copy_raw",
    ),
    path("p/<slug:slug>/requests/<uuid:request_id>/changes/", changes.request_changes, name="request_changes"),
    path("p/<slug:slug>/requests/<uuid:request_id>/prompt/", prompt.prompt_page, name="request_prompt"),
    path("p/<slug:slug>/requests/<uuid:request_id>/prompt.txt", prompt.prompt_text, name="request_prompt_text"),
    path("p/<slug:slug>/requests/<uuid:request_id>/messages/", request.request_messages, name="request_messages"),
    path("p/<slug:slug>/requests/<uuid:request_id>/raw/<str:which>/", request_content.request_raw, name="request_raw"),
    path(
        "p/<slug:slug>/requests/<uuid:request_id>/part/<str:digest>/", request_content.request_part, name="request_part"
    ),
    path(
        "p/<slug:slug>/requests/<uuid:request_id>/text/<str:digest>/<str:path>/",
        request_content.request_text,
        name="request_text",
    ),
    path(
        "p/<slug:slug>/requests/<uuid:request_id>/media/<str:digest>/<str:path>/",
        request_content.request_media,
        name="request_media",
    ),
    path("p/<slug:slug>/bulk/tag/", bulk.tag_page, name="bulk_tag"),
    path("p/<slug:slug>/bulk/untag/", bulk.untag_page, name="bulk_untag"),
    path("p/<slug:slug>/bulk/delete/", bulk.delete_page, name="bulk_delete"),
    path("p/<slug:slug>/bulk/download/", bulk.download_page, name="bulk_download"),
    path("p/<slug:slug>/bulk/<uuid:action_id>/", bulk.action_page, name="bulk_action"),
    path("p/<slug:slug>/bulk/<uuid:action_id>/step/", bulk.step_page, name="bulk_step"),
    path("p/<slug:slug>/bulk/<uuid:action_id>/stop/", bulk.stop_page, name="bulk_stop"),
    path("p/<slug:slug>/views/new/", saved_views.new_view, name="view_new"),
    path("p/<slug:slug>/views/<int:view_id>/", saved_views.open_view, name="view"),
    path("p/<slug:slug>/views/<int:view_id>/edit/", saved_views.edit_view, name="view_edit"),
    path("p/<slug:slug>/views/<int:view_id>/delete/", saved_views.delete_view, name="view_delete"),
    path("p/<slug:slug>/t/<text:trace_id>", session.trace_redirect, name="trace"),
    path("p/<slug:slug>/start/", onboarding.onboarding_page, name="onboarding"),
    path("p/<slug:slug>/start/waiting/", onboarding.waiting, name="onboarding_waiting"),
    path("p/<slug:slug>/settings/keys/", keys.keys_page, name="keys"),
    path("p/<slug:slug>/settings/traces/", trace_settings.traces_page, name="trace_settings"),
    path("p/<slug:slug>/settings/prices/", prices.prices_page, name="prices"),
    path("p/<slug:slug>/settings/keys/<int:key_id>/revoke/", keys.revoke_page, name="key_revoke"),
]
