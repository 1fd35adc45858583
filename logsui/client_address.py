"""The address of a client, behind as many proxies as LOGSUI_PROXIES says."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

# Whoever has one IPv6 address usually has all of its /64 network.
IPV6_PREFIX = 64
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: HttpRequest) -> str:
    """The client's address as our proxies saw it; for IPv6, its /64 network.

    Each proxy appends the address of its caller to `X-Forwarded-For`. Anything before those entries was written by the
    client and is not trusted. A request that bypassed the proxies is identified by the address of its connection.
    """
    peer = _parse(request.META.get("REMOTE_ADDR", ""))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if 0 < settings.LOGSUI_PROXIES <= len(hops):
        peer = _parse(hops[-settings.LOGSUI_PROXIES]) or peer
    return _network(peer) if peer else "unknown"


def _parse(text: str) -> Address | None:
    """An address, with or without a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.version == 6 and address.ipv4_mapped) or address


def _network(address: Address) -> str:
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
