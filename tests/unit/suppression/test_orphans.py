"""Policies without a target that is evaluated: they say so, each in the words of its kind, and go in time."""

from pathlib import Path

from posture.suppression.orphans import Stranded
from tests.support.hub_on_paper import DELETED, OFF, Scene, policy


async def test_each_kind_has_words_of_its_own(tmp_path: Path) -> None:
    scene = Scene(
        tmp_path,
        [],
        policy("logs", metadata=DELETED),
        policy("off", disableControls=OFF, metadata=DELETED),
        policy("lost"),
    )
    everything = [scene.everything(), scene.everything(suppressing=False)]
    stranded = Stranded(scene.world, lambda: True)
    await stranded.settle([each for some in everything for each in some.policies], [])
    scene.hub.store.close()
    assert scene.reason("lost") == ("False", "TargetNotFound")
    for name, words in (("logs", "What it suppressed"), ("off", "What it turned off")):
        # Deleted long ago, by the clock of the machine.
        assert name not in {each["metadata"]["name"] for each in scene.api.objects.values()}
        abandoned = [note for of, reason, note in scene.api.events if (of, reason) == (name, "Deleting")]
        assert words in abandoned[0]
