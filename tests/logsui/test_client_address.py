"""Whose address counts, whatever the client claims."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from logsui.client_address import client_address

PROXY = "10.0.0.1"


def address(forwarded: str | None, peer: str = PROXY) -> str:
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, **headers))


def test_without_proxies_nothing_is_believed(settings: Any) -> None:
    assert settings.LOGSUI_PROXIES == 0
    assert address("192.0.2.7", peer="198.51.100.3") == "198.51.100.3"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (1, "192.0.2.7", "192.0.2.7"),
        (1, "203.0.113.9, 192.0.2.7", "192.0.2.7"),
        (1, "1.1.1.1,2.2.2.2,  192.0.2.7:4711", "192.0.2.7"),
        (2, "203.0.113.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        # Past the proxies, or past one of them.
        (1, None, PROXY),
        (2, "192.0.2.7", PROXY),
        (1, "nonsense", PROXY),
        (1, "192.0.2.7, ", PROXY),
        (1, "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
        (1, "2001:db8:1:2::9", "2001:db8:1:2::/64"),
        (1, "::ffff:192.0.2.7", "192.0.2.7"),
        (1, "fe80::1%eth0", "fe80::/64"),
    ],
)
def test_as_many_proxies_as_there_are(settings: Any, proxies: int, forwarded: str, expected: str) -> None:
    settings.LOGSUI_PROXIES = proxies
    assert address(forwarded) == expected


def test_no_address_at_all() -> None:
    assert address(None, peer="") == "unknown"
