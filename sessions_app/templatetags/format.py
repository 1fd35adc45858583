"""`{% load format %}`: the filters of `pages.html.formats`, which components have too, and times."""

from __future__ import annotations

from django import template

from sessions_app.pages.html import times
from sessions_app.pages.html.components import FILTERS

register = template.Library()

for name, function in FILTERS.items():
    register.filter(name, function)
for tag in (times.time_ago, times.time_clock, times.time_day, times.time_exact):
    register.simple_tag(tag)
