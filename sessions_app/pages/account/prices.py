"""A project's own prices: those that are set, a form for a new one, and one to remove each."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from sessions_app.access import rights
from sessions_app.models import ModelPrice, Project
from sessions_app.pages.shell import changes, project_page, render_page
from sessions_app.pricing import library

MOST_PRICES = 500
# The classes of tokens, as the form names them.
TITLES = {
    "input": "Input",
    "cached": "Cached input",
    "cache_write": "Cache write",
    "cache_write_1h": "Cache write, 1 h",
    "output": "Output",
    "reasoning": "Reasoning",
    "audio_input": "Audio input",
    "audio_output": "Audio output",
}


class PriceForm(forms.ModelForm):  # type: ignore[type-arg]  # Django makes it subscriptable only for the stubs
    class Meta:
        model = ModelPrice
        fields = ("pattern", "valid_from", *TITLES)

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or {}
        for name in TITLES:
            if (fields.get(name) or 0) < 0:
                self.add_error(name, "A price is 0 or more.")
        if fields.get("input") is None and fields.get("output") is None and not self.errors:
            self.add_error("input", "Set the price of the input or of the output.")
        return fields


@project_page
@changes(rights.CHANGE_PRICES, all_may_read=True)
def prices_page(request: HttpRequest, project: Project) -> HttpResponse:
    """Every user may read the prices; changing them needs the permission."""
    if "remove" in request.POST:
        return _remove(request, project)
    form = PriceForm(request.POST or None, initial={"valid_from": timezone.now().date().isoformat()})
    if request.method == "POST" and form.is_valid() and _add(request, project, form):
        return redirect("prices", project.slug)
    prices = project.prices.order_by("pattern", "-valid_from")[:MOST_PRICES]
    context = {
        "form": form,
        "units": [(form[name], title) for name, title in TITLES.items()],
        "prices": [(price, list(_units(price))) for price in prices],
        "is_full": project.prices.count() >= MOST_PRICES,
        "source": library.source(),
        "dated": library.dated(),
    }
    return render_page(request, "prices.html", context, project, status=422 if form.errors else 200)


def _units(price: ModelPrice) -> Iterator[tuple[str, Decimal]]:
    """The unit prices that are set, each with its title."""
    for name, title in TITLES.items():
        if (unit := getattr(price, name)) is not None:
            yield title, unit


def _add(request: HttpRequest, project: Project, form: PriceForm) -> bool:
    """Store a new price; False, with the reason in the form, if there is one already, or no room."""
    if project.prices.count() >= MOST_PRICES:
        form.add_error("pattern", f"A project has at most {MOST_PRICES} prices.")
        return False
    price = form.save(commit=False)
    price.project, price.created_by = project, request.user.get_username()
    try:
        with transaction.atomic():
            price.save()
    except IntegrityError:
        form.add_error("pattern", "There is a price of this model from this day on. Remove it first.")
        return False
    messages.success(request, f"The price of “{price.pattern}” is set. It is used for what arrives from now on.")
    return True


def _remove(request: HttpRequest, project: Project) -> HttpResponse:
    number = request.POST["remove"]
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    if is_number and project.prices.filter(pk=int(number)).delete()[0]:
        messages.success(request, "The price is removed. Stored costs stay as they are.")
    return redirect("prices", project.slug)
