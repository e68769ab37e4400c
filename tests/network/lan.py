"""A network of hosts for a test, which is skipped where none can be made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.network.hosts import Network, NotPermittedError, network


@pytest.fixture
def lan() -> Iterator[Network]:
    try:
        with network() as made:
            yield made
    except NotPermittedError as error:
        pytest.skip(f"no network namespaces here: {error}")
