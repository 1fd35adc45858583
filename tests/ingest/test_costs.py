"""Stored costs: stated, computed, by own prices, and computed anew."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from sessions_app.ingest import costs, recosting
from sessions_app.models import ModelPrice, Project, RequestLog, Session
from sessions_app.pricing.stored import cost_facts
from sessions_app.storage.checking import check_rollups
from tests.factories import make_log, make_project, store_logs

pytestmark = pytest.mark.django_db
# Of `make_log`, by the public price of gpt-4o: 8 × 2.5 + 4 × 10 millionths.
COMPUTED = Decimal("0.00006")


@pytest.fixture
def project() -> Project:
    costs.forget()
    return make_project()


def own_price(project: Project, pattern: str = "gpt-4o", **fields: Any) -> None:
    ModelPrice.objects.create(project=project, pattern=pattern, **{"valid_from": date(2026, 1, 1), **fields})
    costs.forget()


def recompute(*arguments: str) -> str:
    out = StringIO()
    call_command("recompute_costs", *arguments, stdout=out)
    return out.getvalue()


def wrong_roll_ups() -> list[Any]:
    return [difference for chunk in check_rollups() for difference in chunk]


def test_what_is_stated_counts_and_ours_stands_beside_it(project: Project) -> None:
    store_logs(project, make_log(cost=0.5, session_id="a"), make_log(session_id="a"))
    facts = [cost_facts(row) for row in RequestLog.objects.order_by("-cost")]

    assert [(one.source, one.amount, one.computed, one.differs) for one in facts] == [
        ("stated", Decimal("0.5"), COMPUTED, True),
        ("computed", COMPUTED, COMPUTED, False),
    ]
    assert Session.objects.get().cost == Decimal("0.5") + COMPUTED
    assert not wrong_roll_ups()


@pytest.mark.parametrize(("stated", "differs"), [("0.0000605", False), ("0.0000607", True), ("0.00006", False)])
def test_more_than_one_percent_is_a_difference(project: Project, stated: str, differs: bool) -> None:
    store_logs(project, make_log(cost=stated))
    assert cost_facts(RequestLog.objects.get()).differs is differs


def test_own_prices_win_from_their_day_on(project: Project) -> None:
    own_price(project, input=Decimal(100), output=Decimal(0))
    own_price(project, valid_from=date(2027, 1, 1), input=Decimal(999))
    store_logs(project, make_log())

    row = RequestLog.objects.get()
    assert row.cost == Decimal("0.0008")
    assert (calculation := cost_facts(row).calculation)
    assert (calculation.source, calculation.dated) == ("own prices", "2026-01-01")


def test_own_prices_of_another_project_are_not_used(project: Project) -> None:
    own_price(make_project("other"), input=Decimal(100), output=Decimal(100))
    store_logs(project, make_log())
    assert RequestLog.objects.get().cost == COMPUTED


def test_recompute_after_a_price_was_set(project: Project) -> None:
    store_logs(project, make_log(model="mine", session_id="a"), make_log(cost=1, session_id="a"))
    assert Session.objects.get().cost == 1
    own_price(project, "min*", input=Decimal(1), output=Decimal(1))

    said = recompute("--project", "acme", "--dry-run")
    assert "2 requests checked, 1 would change" in said
    assert "$1 before, $1.000012 after" in said
    assert Session.objects.get().cost == 1
    assert "1 changed" in recompute()
    assert Session.objects.get().cost == Decimal("1.000012")
    assert not wrong_roll_ups()
    assert "0 changed" in recompute()


def test_recompute_ends_while_more_arrives_than_it_can_look_at(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recosting, "CHUNK", 1)
    store_logs(project, *[make_log(model="mine") for _ in range(3)])
    own_price(project, "mine", input=Decimal(1), output=Decimal(1))
    looked_at = 0
    for done in recosting.recompute_costs(project):
        looked_at += done.looked_at
        store_logs(project, *[make_log(model="mine") for _ in range(5)])
        # A minute passes.
        RequestLog.objects.filter(cost_source="computed").update(received_at=timezone.now() + timedelta(minutes=2))
        assert looked_at <= 3

    assert not RequestLog.objects.filter(cost=None).exists()
    assert not wrong_roll_ups()


def test_recompute_reads_each_request_once_however_long_its_session_is(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = [make_log(model="mine", session_id="long", started_at=f"2026-03-14T10:00:{n:02}Z") for n in range(40)]
    free = [make_log(model="free", session_id="free"), make_log(model="free", session_id="free")]
    store_logs(project, *logs, *free, make_log(session_id="long", cost=3), make_log(model="?", session_id="long"))
    assert Session.objects.get(session_key="free").cost is None
    revision = Session.objects.get(session_key="long").revision
    monkeypatch.setattr(recosting, "CHUNK", 7)
    own_price(project, "mine", input=Decimal(1), output=Decimal(1))
    own_price(project, "free", input=Decimal(0), output=Decimal(0))
    # It stops in the middle: sums are right all the time.
    half = recosting.recompute_costs(project)
    next(half)
    next(half)
    half.close()
    assert not wrong_roll_ups()
    # Whatever else the session has is not added up again.
    Session.objects.update(preview="untouched")
    recompute()
    assert {name for one in wrong_roll_ups() for name in one.columns} == {"preview", "revision"}
    assert Session.objects.get(session_key="long").cost == 3 + 40 * Decimal("0.000012")
    assert Session.objects.get(session_key="long").revision > revision
    assert Session.objects.get(session_key="free").cost == 0
    assert [chunk for chunk in check_rollups(fix=True) if chunk]
    # What has no price any more has no cost, and not a cost of nothing.
    ModelPrice.objects.all().delete()
    recompute()
    assert not wrong_roll_ups()
    assert Session.objects.get(session_key="free").cost is None
    assert Session.objects.get(session_key="long").cost == 3


def test_recompute_rows_from_before_there_were_prices(project: Project) -> None:
    store_logs(project, make_log(), make_log(cost=0.25))
    RequestLog.objects.filter(cost=COMPUTED).update(cost=None, cost_source="", price=None)
    RequestLog.objects.filter(cost=Decimal("0.25")).update(
        cost=Decimal("0.24999999999999997"), cost_source="", price=None
    )
    list(check_rollups(fix=True))
    recompute("--since", "2026-03-14")

    found = {row.cost_source: row.cost for row in RequestLog.objects.all()}
    assert found == {"computed": COMPUTED, "stated": Decimal("0.25")}
    assert not wrong_roll_ups()


def test_recompute_leaves_the_notes_of_earlier_versions(project: Project) -> None:
    store_logs(project, make_log())
    row = RequestLog.objects.get()
    source, dated, model, since, _ = row.price.split("\x1f")
    source = source.replace("@", "genai-prices ")
    long = "\x1f".join((source, dated, model, since, "input=2.5,output=10"))
    RequestLog.objects.update(price=long)

    assert cost_facts(RequestLog.objects.get()) == cost_facts(row)
    assert "0 changed" in recompute()
    assert RequestLog.objects.get().price == long


def test_recompute_nothing_before_since(project: Project) -> None:
    store_logs(project, make_log())
    assert "0 requests checked" in recompute("--since", "2026-03-15")
    with pytest.raises(CommandError, match="no project"):
        recompute("--project", "nobody")


def test_written_for_an_hour_is_remembered_for_a_new_calculation(project: Project) -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 1,
        "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    }
    store_logs(project, make_log(model="mine", request={"model": "mine", "messages": []}, usage=usage))
    own_price(
        project, "mine", input=Decimal(1), cache_write=Decimal(10), cache_write_1h=Decimal(100), output=Decimal(0)
    )
    recompute()
    # 10 × 1 + 100 × 10 + 200 × 100 millionths
    assert RequestLog.objects.get().cost == Decimal("0.02101")


FLEX_DAY = "2026-11-20T10:00:00Z"


def answered(**members: Any) -> dict[str, Any]:
    choices = [{"index": 0, "message": {"role": "assistant", "content": "Yes"}, "finish_reason": "stop"}]
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
    return {"object": "chat.completion", "choices": choices, "usage": usage} | members


def claude(**usage: Any) -> dict[str, Any]:
    usage = {"input_tokens": 100_000, "output_tokens": 0} | usage
    content = [{"type": "text", "text": "Yes"}]
    return {"type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn", "usage": usage}


@pytest.mark.parametrize(
    ("model", "response", "cost", "tier", "is_for_tier"),
    [
        ("gpt-4.1", answered(), "2", "", False),
        ("gpt-4.1", answered(service_tier="default"), "2", "", False),
        ("gpt-4.1", answered(service_tier="priority"), "3.5", "priority", True),
        ("gpt-4.1", {"custom_id": "1", "response": {"status_code": 200, "body": answered()}}, "1", "batch", True),
        ("gpt-4.1", answered(service_tier="scale"), "2", "scale", False),
        ("claude-sonnet-4-5", claude(service_tier="standard", speed="standard"), "0.3", "", False),
        ("claude-sonnet-4-5", claude(service_tier="priority"), "0.3", "priority", False),
        ("claude-sonnet-4-5", claude(service_tier="batch"), "0.15", "batch", True),
        ("gpt-4.1", answered(service_tier={"type": ["x"]}), "2", "", False),
    ],
)
def test_the_tier_that_an_answer_states_has_its_price(
    project: Project, model: str, response: dict[str, Any], cost: str, tier: str, is_for_tier: bool
) -> None:
    store_logs(project, make_log(model=model, response=response, started_at=FLEX_DAY, ended_at=None, usage=None))
    found = cost_facts(RequestLog.objects.get()).calculation
    assert found is not None
    assert (found.total, found.tier, found.is_for_tier) == (Decimal(cost), tier, is_for_tier)
    recompute()
    assert cost_facts(RequestLog.objects.get()).calculation == found


def test_a_stated_cost_is_not_compared_with_that_of_another_tier(project: Project) -> None:
    response = answered(service_tier="scale")
    store_logs(
        project, make_log(model="gpt-4.1", response=response, started_at=FLEX_DAY, ended_at=None, usage=None, cost=1)
    )
    assert not cost_facts(RequestLog.objects.get()).differs


def test_a_price_of_a_project_is_for_all_tiers(project: Project) -> None:
    own_price(project, "gpt-4.1", input=Decimal(7))
    response = answered(service_tier="flex")
    store_logs(project, make_log(model="gpt-4.1", response=response, started_at=FLEX_DAY, ended_at=None, usage=None))
    found = cost_facts(RequestLog.objects.get()).calculation
    assert found is not None
    assert (found.total, found.is_own, found.is_for_tier) == (Decimal(7), True, False)
