"""Which hubs are declared: the stores of all others may be removed, so it errs on the side of too many."""

from pathlib import Path

import pytest

from posture.kube.resources import KINDS
from tests.support.supervised import Play, passing, play, target


def test_a_hub_is_declared_until_no_target_names_it_and_it_has_ended(tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        assert stage.supervisor.declared_hubs() is None, "nothing has been listed"
        await stage.begin(target("a", suspend=True), target("b", region="us-east-1"))
        both = {hub.name for hub in stage.hubs}
        assert stage.supervisor.declared_hubs() == frozenset(both)
        assert len(both) == 2
        del stage.cluster.targets[0]
        stage.supervisor.wake()
        await passing(2)
        assert stage.supervisor.declared_hubs() == frozenset(hub.name for hub in stage.hubs)
        assert len(stage.hubs) == 1

    play(tmp_path, story)


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_that_fails_takes_none_away(kind: str, tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        stage.refuse(kind)
        await stage.begin(target("a"))
        assert stage.supervisor.declared_hubs() is None
        stage.cluster.refused.clear()
        stage.supervisor.wake()
        await passing(10)
        declared = stage.supervisor.declared_hubs()
        assert declared
        stage.refuse(kind)
        stage.cluster.targets.clear()
        stage.supervisor.wake()
        await passing(2)
        assert stage.supervisor.declared_hubs() == declared

    play(tmp_path, story)
