"""Computes the costs of stored requests anew, after prices changed. Amounts that callers stated stay what counts."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from sessions_app.ingest import costs
from sessions_app.models import Project, RequestLog
from sessions_app.pricing.choice import prices_of
from sessions_app.pricing.own import OwnPrice
from sessions_app.pricing.prices import Noted, recall, with_counts
from sessions_app.pricing.stored import stated_in, usage_of_row
from sessions_app.storage import rollups, sql
from sessions_app.storage.buckets import bucket_of
from sessions_app.storage.connections import binary_cursor
from sessions_app.storage.locks import lock_digest
from sessions_app.storage.own_prices import load_own_prices
from sessions_app.storage.prepared import Cost

# A chunk waits until digesters have ended their batches, so it is not small.
CHUNK = 1_000
# Logs that are received so long after the beginning are digested with the prices of now (`costs.own_prices`).
_SURELY_NEW = timedelta(seconds=60)
_COLUMNS = (
    *("id", "session_id", "bucket", "provider", "model", "requested_model", "api_base", "started_at", "step", "cost"),
    *("cost_source", "price", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens"),
    *("reasoning_tokens", "duplicate_of"),
)
_FIRST = uuid.UUID(int=0)


@dataclass(slots=True)
class Recosted:
    """What was looked at; how many requests cost something else now, and what all that count cost before and after."""

    looked_at: int = 0
    changed: int = 0
    before: Decimal = Decimal(0)
    after: Decimal = Decimal(0)


def count_of(project: Project, since: datetime | None) -> int:
    return _requests(project, since, timezone.now()).count()


def recompute_costs(project: Project, since: datetime | None = None, *, dry_run: bool = False) -> Iterator[Recosted]:
    """Go through a project's requests, a short transaction for each chunk. Repeating it changes nothing more.

    What arrives meanwhile is left out: there may be more of it than this can look at in the same time.
    """
    after: uuid.UUID | None = _FIRST
    requests = _requests(project, since, timezone.now() + _SURELY_NEW)
    while after is not None:
        done = Recosted()
        with transaction.atomic():
            after = _chunk(project, requests, after, done, dry_run)
        yield done


def _requests(project: Project, since: datetime | None, received_by: datetime) -> QuerySet[RequestLog]:
    found = RequestLog.objects.filter(project_id=project.pk, received_at__lte=received_by)
    return found if since is None else found.filter(started_at__gte=since, bucket__gte=bucket_of(since))


def _chunk(
    project: Project, requests: QuerySet[RequestLog], after: uuid.UUID, done: Recosted, dry_run: bool
) -> uuid.UUID | None:
    """Recompute the requests after a place; returns the last one's, None at the end.

    Digesters are kept out, so that no roll-up is added to while it is computed.
    """
    with binary_cursor() as cursor:
        if not dry_run:
            lock_digest(cursor, project.pk)
        rows = list(_after(requests, after).only(*_COLUMNS)[:CHUNK])
        own = load_own_prices(project.pk)
        changed = [(row, cost) for row in rows if (cost := _add(done, row, own)) is not None]
        if changed and not dry_run:
            cursor.execute(sql.load("update_costs"), _columns(changed))
            rollups.add_costs(cursor, _more(changed))
    return rows[-1].id if len(rows) == CHUNK else None


def _after(requests: QuerySet[RequestLog], after: uuid.UUID) -> QuerySet[RequestLog]:
    """Ids begin with those of their sessions (`ids`), so their order keeps a session's requests together."""
    return requests.filter(id__gt=after).order_by("id")


def _add(done: Recosted, row: RequestLog, own: tuple[OwnPrice, ...]) -> Cost | None:
    """Count a request, and return its cost if that is another one now."""
    cost = _cost(row, own)
    done.looked_at += 1
    if not _is_left_out(row):
        done.before += row.cost or 0
        done.after += cost.amount or 0
    if (cost.amount, cost.source, _noted(cost.price)) == (row.cost, row.cost_source, _noted(row.price)):
        return None
    done.changed += 1
    return cost


def _noted(price: str | None) -> Noted | None:
    """What a note says, in whatever form it was written."""
    return None if price is None else recall(price)


def _cost(row: RequestLog, own: tuple[OwnPrice, ...]) -> Cost:
    stated = stated_in(row)
    if row.step:
        return costs.stated(stated)
    noted = recall(row.price or "")
    models = (row.model, row.requested_model)
    prices = prices_of(own, row.provider, models, row.api_base, row.started_at, noted.tier)
    return costs.cost_of(with_counts(usage_of_row(row), noted), prices, stated, noted.tier)


def _more(changed: list[tuple[RequestLog, Cost]]) -> dict[uuid.UUID, Decimal]:
    """What these requests add to their sessions."""
    sums: defaultdict[uuid.UUID, Decimal] = defaultdict(Decimal)
    for row, cost in changed:
        sums[row.session_id] += 0 if _is_left_out(row) else (cost.amount or 0) - (row.cost or 0)
    return sums


def _is_left_out(row: RequestLog) -> bool:
    """Whether it is left out of sums: a step, or a second report of a call."""
    return row.step or row.duplicate_of is not None


def _columns(changed: list[tuple[RequestLog, Cost]]) -> dict[str, list[object]]:
    return {
        "id": [row.id for row, _ in changed],
        "session_id": [row.session_id for row, _ in changed],
        "bucket": [row.bucket for row, _ in changed],
        "cost": [cost.amount for _, cost in changed],
        "cost_source": [cost.source for _, cost in changed],
        "price": [cost.price for _, cost in changed],
    }
