"""What is known of a hub is looked at, or it is said that it cannot be."""

from typing import Any, cast

import pytest

from posture.cli.reading.looking import CannotLook, Sight
from posture.hubs.demand import HubKey
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies


async def test_nothing_is_concluded_from_a_store_that_is_gone() -> None:
    nothing = cast("Any", None)
    closed = Hub(HubKey(None, None, "eu-west-1"), HubDependencies(nothing, nothing, nothing))
    with pytest.raises(CannotLook, match="was lost before it was looked at"):
        await Sight(closed, nothing, nothing, nothing).read(lambda _: "nothing fails")
