"""Lists of digests are packed into few bytes and unpacked again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.content.documents import digest
from sessions_app.content.packed_digests import bundle_addresses, pack_digests, packed_count, unpack_digests


@given(st.lists(st.binary(min_size=8, max_size=8), max_size=200))
def test_packed_digests_come_back_in_order(digests: list[bytes]) -> None:
    packed, bundles = pack_digests(digests)
    assert unpack_digests(packed, bundles) == digests
    assert packed_count(packed) == len(digests)
    assert set(bundle_addresses(packed)) == set(bundles)


def test_a_long_history_adds_few_bytes_to_each_request() -> None:
    digests = [digest(str(n).encode()) for n in range(2_000)]
    packed, _ = pack_digests(digests)
    assert len(packed) < 800
