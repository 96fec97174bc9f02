"""An object that is odd, or that the operator trips over, is its own trouble and nobody else's."""

from pathlib import Path
from typing import Any

import pytest

from posture.api.crds import KINDS as MODELS
from posture.api.remediation import Remediation
from posture.api.resource import CustomResource
from posture.kube.resources import POSTURE_TARGETS, SUPPRESSION_POLICIES, Object
from tests.support.api.objects import minimal
from tests.support.supervised import NAMESPACE, Play, passing, play, target

GARBAGE: tuple[Any, ...] = (
    {"conditions": [{"type": "Ready", "status": "Perhaps", "reason": "Fine", "lastTransitionTime": "?"}]},
    {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "0000-01-01T00:00:00Z"}]},
    {"observedGeneration": "one", "lastHandledRequest": 7, "conditions": {}},
    {"lastMatchedTime": "0000-01-01T00:00:00Z", "scoreTime": "0000-01-01T00:00:00Z"},
    {"disabledControls": [{"accounts": ["1"]}, None], "sync": [], "hub": {"standards": [7]}, "plan": 1},
    [],
    "?",
)


def made(kind: type[CustomResource], status: object, **annotations: str) -> Object:
    metadata: Object = {
        "name": f"odd-{kind.__name__.lower()}",
        "namespace": NAMESPACE,
        "uid": f"uid-{kind.__name__}",
        "generation": 1,
        "resourceVersion": "1",
        "creationTimestamp": "2026-11-01T00:00:00Z",
        "annotations": annotations,
    }
    return {"metadata": metadata, "spec": minimal(kind), "status": status}


# The status of a Remediation is the journal of what was written: it stays as it is, readable or not.
DECLARED = tuple(kind for kind in MODELS if kind is not Remediation)


@pytest.mark.parametrize("status", GARBAGE)
def test_a_status_that_cannot_be_read_is_written_anew_on_every_kind(status: Any, tmp_path: Path) -> None:
    async def story(stage: Play) -> None:
        odd = {kind: made(kind, status, **{"posture.dev/requestedAt": "x" * 5000}) for kind in DECLARED}
        journal = made(Remediation, status)
        stage.cluster.objects[Remediation.__name__].append(journal)
        for kind, document in odd.items():
            stage.cluster.objects[kind.__name__].append(document)
        await stage.begin(target("a", suspend=True))
        await passing(60)
        assert stage.supervisor.not_ready is None
        for kind in odd:
            (written,) = (
                each["status"]
                for each in stage.cluster.objects[kind.__name__]
                if each["metadata"]["uid"] == f"uid-{kind.__name__}"
            )
            # Strictly, as the API server does: nothing of it is left out.
            read = kind.status_model().model_validate(written).to_api()
            assert {name: read[name] for name in written} == written
            assert len(written["lastHandledRequest"]) == 1024
            assert [each["status"] for each in written["conditions"] if each["type"] == "Stalled"] == ["True"]
        assert journal["status"] == status
        assert stage.shown() >= {"uid-a"}
        stage.world.general.lose()
        await passing(2)

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("tripped", "kind"),
    [
        ("posture.reconcile.access.parse", POSTURE_TARGETS.kind),
        ("posture.suppression.declared.parse", SUPPRESSION_POLICIES.kind),
    ],
)
def test_one_that_the_operator_trips_over_says_so_itself(
    tripped: str,
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def trips(model: type[CustomResource], document: Object) -> CustomResource:
        if document["metadata"]["name"].startswith("odd-"):
            raise RecursionError
        return model.model_validate(document)

    async def story(stage: Play) -> None:
        (model,) = (each for each in MODELS if each.__name__ == kind)
        odd = made(model, {})
        stage.cluster.objects[kind].append(odd)
        await stage.begin(target("a"))
        await passing(60)
        assert stage.supervisor.not_ready is None
        assert stage.hubs[0].alive
        (reason,) = {each["reason"] for each in odd["status"]["conditions"] if each["type"] == "Ready"}
        assert reason == "OperatorDefect"
        assert stage.shown() >= {"uid-a"}
        stage.world.general.lose()
        await passing(2)

    monkeypatch.setattr(tripped, trips)
    play(tmp_path, story)
    assert "a bug in the operator" in caplog.text
    assert "RecursionError" in caplog.text
