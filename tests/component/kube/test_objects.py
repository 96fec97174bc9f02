"""Lists, status, finalizers and deletion on the real API server."""

from collections.abc import Callable

import pytest

from posture.kube import client as client_module
from posture.kube.client import KubeClient
from posture.kube.errors import Conflict, Gone, Moved, RequestRefused
from posture.kube.finalizers import (
    FINALIZER,
    add_finalizer,
    has_finalizer,
    is_deleted,
    remove_finalizer,
)
from posture.kube.resources import POSTURE_TARGETS, Object, ObjectRef
from posture.kube.status import StatusWrite, write_status

Make = Callable[..., Object]


def _leading() -> float:
    return 30.0


async def _create(kube: KubeClient, body: Object) -> Object:
    return await kube.create(POSTURE_TARGETS, body["metadata"]["namespace"], body)


async def _get(kube: KubeClient, obj: Object) -> Object:
    return await kube.get(POSTURE_TARGETS, obj["metadata"]["namespace"], obj["metadata"]["name"])


async def test_a_list_has_every_page(
    kube: KubeClient, target: Make, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "OBJECTS_A_PAGE", 2)
    for number in range(5):
        await _create(kube, target(f"t{number}"))
    named = [found["metadata"]["name"] for found in await kube.list_objects(POSTURE_TARGETS, [namespace])]
    assert named == ["t0", "t1", "t2", "t3", "t4"]
    everywhere = await kube.list_objects(POSTURE_TARGETS)
    assert {"t0", "t4"} <= {found["metadata"]["name"] for found in everywhere}
    assert await kube.list_objects(POSTURE_TARGETS, [namespace, namespace, "absent"]) == [
        found for found in everywhere if found["metadata"]["namespace"] == namespace
    ]
    assert await kube.list_objects(POSTURE_TARGETS, []) == []


async def test_a_status_replaces_the_one_before(kube: KubeClient, target: Make) -> None:
    obj = await _create(kube, target())
    first = {"score": 90, "passed": 9, "scored": 10}
    assert await write_status(kube, POSTURE_TARGETS, obj, first) is StatusWrite.WRITTEN
    obj = await _get(kube, obj)
    assert obj["status"]["passed"] == 9
    assert await write_status(kube, POSTURE_TARGETS, obj, {"score": 91}) is StatusWrite.WRITTEN
    obj = await _get(kube, obj)
    assert "passed" not in obj["status"]
    assert obj["status"]["score"] == 91


async def test_a_status_that_the_crd_does_not_know_is_refused(kube: KubeClient, target: Make) -> None:
    obj = await _create(kube, target())
    with pytest.raises(RequestRefused, match="score"):
        await write_status(kube, POSTURE_TARGETS, obj, {"score": "many"})


async def test_the_status_of_an_object_of_the_same_name_is_left_alone(kube: KubeClient, target: Make) -> None:
    old = await _create(kube, target())
    await kube.delete(ObjectRef.of(POSTURE_TARGETS, old))
    assert await write_status(kube, POSTURE_TARGETS, old, {"score": 1}) is StatusWrite.GONE
    new = await _create(kube, target())
    assert await write_status(kube, POSTURE_TARGETS, old, {"score": 1}) is StatusWrite.GONE
    assert "score" not in (await _get(kube, new)).get("status", {})


async def test_only_the_version_that_was_read_is_deleted(kube: KubeClient, target: Make) -> None:
    old = await _create(kube, target())
    ref, version = ObjectRef.of(POSTURE_TARGETS, old), old["metadata"]["resourceVersion"]
    await write_status(kube, POSTURE_TARGETS, old, {"score": 91})
    with pytest.raises(Moved, match="was changed since it was read"):
        await kube.delete(ref, version=version)
    now = await _get(kube, old)
    await kube.delete(ref, version=now["metadata"]["resourceVersion"])
    with pytest.raises(Gone):
        await kube.delete(ref, version=version)


async def test_only_that_object_is_deleted(kube: KubeClient, target: Make) -> None:
    old = ObjectRef.of(POSTURE_TARGETS, await _create(kube, target()))
    await kube.delete(old)
    with pytest.raises(Gone):
        await kube.delete(old)
    new = await _create(kube, target())
    with pytest.raises(Gone, match="another object has its name"):
        await kube.delete(old)
    assert (await _get(kube, new))["metadata"]["uid"] == new["metadata"]["uid"]


async def test_a_name_that_is_taken_and_a_version_that_moved_on_are_conflicts(
    kube: KubeClient, target: Make
) -> None:
    read = await _create(kube, target())
    with pytest.raises(Conflict):
        await _create(kube, target())
    changed = await kube.replace(POSTURE_TARGETS, read | {"spec": read["spec"] | {"suspend": True}})
    with pytest.raises(Conflict):
        await kube.replace(POSTURE_TARGETS, read)
    assert (await _get(kube, read))["spec"] == changed["spec"]


async def test_a_replace_names_the_version_it_read(kube: KubeClient, target: Make) -> None:
    with pytest.raises(ValueError, match="resourceVersion"):
        await kube.replace(POSTURE_TARGETS, target())


async def test_patch_metadata_reaches_nothing_else(kube: KubeClient, target: Make) -> None:
    ref = ObjectRef.of(POSTURE_TARGETS, await _create(kube, target()))
    with pytest.raises(ValueError, match="below /metadata"):
        await kube.patch_metadata(ref, [{"op": "add", "path": "/spec/suspend", "value": True}])


async def test_a_finalizer_keeps_an_object_until_it_is_removed(kube: KubeClient, target: Make) -> None:
    obj = await add_finalizer(kube, POSTURE_TARGETS, await _create(kube, target()), _leading)
    assert has_finalizer(obj)
    version = obj["metadata"]["resourceVersion"]
    assert (await add_finalizer(kube, POSTURE_TARGETS, obj, _leading))["metadata"][
        "resourceVersion"
    ] == version
    await kube.delete(ObjectRef.of(POSTURE_TARGETS, obj))
    obj = await _get(kube, obj)
    assert is_deleted(obj)
    await remove_finalizer(kube, POSTURE_TARGETS, obj, _leading)
    with pytest.raises(Gone):
        await _get(kube, obj)
    with pytest.raises(Gone):
        await remove_finalizer(kube, POSTURE_TARGETS, obj, _leading)


async def test_finalizers_of_others_are_never_touched(kube: KubeClient, target: Make) -> None:
    read = await _create(kube, target(finalizers=["a.example/x"]))
    ref = ObjectRef.of(POSTURE_TARGETS, read)
    # Somebody adds another one after we have read the object.
    await kube.patch_metadata(ref, [{"op": "add", "path": "/metadata/finalizers/-", "value": "b.example/y"}])
    added = await add_finalizer(kube, POSTURE_TARGETS, read, _leading)
    assert added["metadata"]["finalizers"] == ["a.example/x", "b.example/y", FINALIZER]
    # And one goes, while we hold the older copy.
    await kube.patch_metadata(ref, [{"op": "remove", "path": "/metadata/finalizers/0"}])
    removed = await remove_finalizer(kube, POSTURE_TARGETS, added, _leading)
    assert removed["metadata"]["finalizers"] == ["b.example/y"]


async def test_the_first_finalizer_of_another_survives_ours(kube: KubeClient, target: Make) -> None:
    read = await _create(kube, target())
    ref = ObjectRef.of(POSTURE_TARGETS, read)
    await kube.patch_metadata(ref, [{"op": "add", "path": "/metadata/finalizers", "value": ["a.example/x"]}])
    added = await add_finalizer(kube, POSTURE_TARGETS, read, _leading)
    assert added["metadata"]["finalizers"] == ["a.example/x", FINALIZER]


async def test_an_object_being_deleted_gets_no_finalizer(kube: KubeClient, target: Make) -> None:
    obj = await _create(kube, target(finalizers=["a.example/x"]))
    await kube.delete(ObjectRef.of(POSTURE_TARGETS, obj))
    # Whether or not the deletion was seen.
    for read in (obj, await _get(kube, obj)):
        settled = await add_finalizer(kube, POSTURE_TARGETS, read, _leading)
        assert settled["metadata"]["finalizers"] == ["a.example/x"]


async def test_reading_again_changes_nothing(kube: KubeClient, target: Make) -> None:
    obj = await _create(kube, target())
    ref = ObjectRef.of(POSTURE_TARGETS, obj)
    # The API server may store the same content in other bytes, once: only then is the version another one.
    once, twice = await kube.reread(ref), await kube.reread(ref)
    assert once["spec"] == obj["spec"]
    assert once["metadata"].keys() == obj["metadata"].keys()
    assert twice == once
    await kube.delete(ref)
    with pytest.raises(Gone):
        await kube.reread(ref)
    await _create(kube, target())
    with pytest.raises(Gone, match="another object has its name"):
        await kube.reread(ref)


async def test_a_late_status_is_not_written_over_a_later_holder_s(kube: KubeClient, target: Make) -> None:
    """On the real API server: the version is tested in the same patch, so that no call is between."""
    read = await _create(kube, target())
    ref = ObjectRef.of(POSTURE_TARGETS, read)
    await kube.patch_status(ref, {"observedGeneration": 7})
    seen: list[Object] = []
    outcome = await write_status(
        kube, POSTURE_TARGETS, read, {"observedGeneration": 1}, leading=_leading, stored=seen.append
    )
    assert outcome is StatusWrite.OVERTAKEN
    assert (await _get(kube, read))["status"] == seen[0]["status"] == {"observedGeneration": 7}


async def test_what_else_was_changed_meanwhile_is_no_hindrance(kube: KubeClient, target: Make) -> None:
    read = await _create(kube, target())
    ref = ObjectRef.of(POSTURE_TARGETS, read)
    await kube.patch_metadata(ref, [{"op": "add", "path": "/metadata/labels", "value": {"team": "x"}}])
    status = {"observedGeneration": 1}
    assert await write_status(kube, POSTURE_TARGETS, read, status, leading=_leading) is StatusWrite.WRITTEN
    now = await _get(kube, read)
    assert (now["status"], now["metadata"]["labels"]) == (status, {"team": "x"})
