"""Events and rights on the real API server, as a service account with exactly the rights asked for."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import web

from posture.kube.access import check_access, required_rights
from posture.kube.client import KubeClient, connect
from posture.kube.errors import Call, Forbidden
from posture.kube.events import EventRecorder
from posture.kube.resources import EVENTS, KINDS, POSTURE_TARGETS, ApiResource, Object, ObjectRef
from sandbox.controlplane import ControlPlane
from tests.component.kube.conftest import Serve

Make = Callable[..., Object]
ROLES = ApiResource("rbac.authorization.k8s.io", "v1", "roles", "Role")
ROLE_BINDINGS = ApiResource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding")
SERVICE_ACCOUNTS = ApiResource("", "v1", "serviceaccounts", "ServiceAccount")


async def _events(kube: KubeClient, ref: ObjectRef) -> list[Object]:
    found = await kube.list_objects(EVENTS, [ref.namespace or "default"])
    return [event for event in found if event["regarding"]["uid"] == ref.uid]


@pytest.fixture
async def ref(kube: KubeClient, target: Make, namespace: str) -> ObjectRef:
    return ObjectRef.of(POSTURE_TARGETS, await kube.create(POSTURE_TARGETS, namespace, target()))


async def test_an_event_is_shown_by_kubectl(
    kube: KubeClient, ref: ObjectRef, installed: ControlPlane
) -> None:
    recorder = EventRecorder(kube, "posture-0")
    await recorder.post(ref, "Warning", reason="NotGranted", action="Validate", note="add a grant")
    (event,) = await _events(kube, ref)
    assert event["reportingController"] == "posture.dev"
    assert event["reportingInstance"] == "posture-0"
    assert "series" not in event
    described = installed.kubectl("describe", "posturetarget", ref.name, "-n", str(ref.namespace)).stdout
    assert "add a grant" in described


async def test_what_others_wrote_is_shown_in_a_note_and_does_nothing(
    kube: KubeClient, ref: ObjectRef
) -> None:
    note = "AWS says: \x1b[2J\x9b31m\u202e\r\x07"
    await EventRecorder(kube, "posture-0").post(ref, "Warning", reason="Exact", action="A", note=note)
    (event,) = await _events(kube, ref)
    assert event["note"] == r"AWS says: \x1b[2J\x9b31m\u202e\r\x07"


async def test_the_same_event_again_becomes_a_series_for_a_while(kube: KubeClient, ref: ObjectRef) -> None:
    now = [0.0]
    recorder = EventRecorder(kube, "posture-0", clock=lambda: now[0])
    for at in (0.0, 300.0, 600.0):
        now[0] = at
        await recorder.post(ref, "Normal", reason="Exact", action="Sync", note="5 accounts")
    (event,) = await _events(kube, ref)
    assert event["series"]["count"] == 3
    now[0] = 1000.0
    await recorder.post(ref, "Normal", reason="Exact", action="Sync", note="5 accounts")
    assert len(await _events(kube, ref)) == 2


async def test_an_event_that_the_api_server_forgot_is_posted_anew(kube: KubeClient, ref: ObjectRef) -> None:
    recorder = EventRecorder(kube, "posture-0")
    await recorder.post(ref, "Normal", reason="Exact", action="Sync", note="5 accounts")
    (event,) = await _events(kube, ref)
    await kube.delete(ObjectRef.of(EVENTS, event))
    await recorder.post(ref, "Normal", reason="Exact", action="Sync", note="5 accounts")
    (again,) = await _events(kube, ref)
    assert again["metadata"]["uid"] != event["metadata"]["uid"]


@pytest.mark.parametrize("note", ["x" * 5000, "ü" * 1024, "é" * 511 + "xx🙂🙂", ""])
async def test_any_note_is_accepted(kube: KubeClient, target: Make, namespace: str, note: str) -> None:
    # With the longest names that the API server takes.
    ref = ObjectRef.of(POSTURE_TARGETS, await kube.create(POSTURE_TARGETS, namespace, target("a" * 63)))
    long = ref._replace(name="b." * 126)
    for regarding in (ref, long):
        await EventRecorder(kube, "p" * 300).post(regarding, "Normal", reason="Exact", action="A", note=note)
    noted = [event.get("note", "") for event in await _events(kube, ref)]
    assert len(noted) == 2
    for text in noted:
        assert len(text.encode()) <= 1024
        assert text == note or (text[-1] == "…" and note.startswith(text[:-1]))


async def test_an_event_that_cannot_be_posted_is_logged(
    kube: KubeClient, ref: ObjectRef, caplog: pytest.LogCaptureFixture
) -> None:
    lost = ref._replace(namespace="absent")
    await EventRecorder(kube, "posture-0").post(lost, "Normal", reason="Exact", action="Sync", note="hello")
    assert "Event Exact on PostureTarget absent/organization was not posted" in caplog.text


@pytest.fixture
async def limited(kube: KubeClient, installed: ControlPlane, namespace: str) -> AsyncIterator[KubeClient]:
    """A client as a service account that may do nothing yet."""
    await kube.create(SERVICE_ACCOUNTS, namespace, {"metadata": {"name": "posture"}})
    kubeconfig = await asyncio.to_thread(installed.kubeconfig_for, "posture", namespace)
    before = os.environ["KUBECONFIG"]
    os.environ["KUBECONFIG"] = str(kubeconfig)
    try:
        async with connect(within=10.0) as client:
            yield client
    finally:
        os.environ["KUBECONFIG"] = before


def _rules(rights: list[Call]) -> list[Object]:
    return [
        {
            "apiGroups": [right.resource.group],
            "resources": [right.resource.plural + (f"/{right.subresource}" if right.subresource else "")],
            "verbs": [right.verb],
        }
        for right in rights
        if right.resource is not None
    ]


async def _grant(kube: KubeClient, namespace: str, rights: list[Call]) -> None:
    await kube.create(ROLES, namespace, {"metadata": {"name": "posture"}, "rules": _rules(rights)})
    binding = {
        "metadata": {"name": "posture"},
        "roleRef": {"apiGroup": ROLES.group, "kind": "Role", "name": "posture"},
        "subjects": [{"kind": "ServiceAccount", "name": "posture", "namespace": namespace}],
    }
    await kube.create(ROLE_BINDINGS, namespace, binding)


async def _until_granted(limited: KubeClient, namespace: str) -> None:
    # The authorizer learns of a new binding by a watch of its own.
    deadline = asyncio.get_running_loop().time() + 20.0
    while asyncio.get_running_loop().time() < deadline:
        try:
            await limited.list_objects(POSTURE_TARGETS, [namespace])
        except Forbidden:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError("the role binding never took effect")


async def test_what_is_missing_is_one_line(limited: KubeClient, namespace: str) -> None:
    access = await check_access(limited, None, namespace)
    assert not access.complete
    assert access.kinds == ()
    assert "list posturetargets.posture.dev in all namespaces" in access.rights
    assert f"update leases.coordination.k8s.io in namespace {namespace}" in access.rights
    assert len(access.rights) == len(required_rights(None, namespace))
    assert "\n" not in str(access)
    assert "as the Helm chart's roles do" in str(access)
    with pytest.raises(Forbidden, match=r"list posturetargets\.posture\.dev in all namespaces is missing"):
        await limited.list_objects(POSTURE_TARGETS)


async def test_a_single_missing_right_is_named(kube: KubeClient, limited: KubeClient, namespace: str) -> None:
    rights = required_rights([namespace], namespace)
    missing = Call("patch", KINDS["Remediation"], namespace, subresource="status")
    await _grant(kube, namespace, [right for right in rights if right != missing])
    await _until_granted(limited, namespace)
    access = await check_access(limited, [namespace], namespace)
    assert access.rights == (f"patch remediations/status.posture.dev in namespace {namespace}",)


async def test_the_rights_asked_for_suffice(kube: KubeClient, limited: KubeClient, namespace: str) -> None:
    await _grant(kube, namespace, required_rights([namespace], namespace))
    await _until_granted(limited, namespace)
    access = await check_access(limited, [namespace], namespace)
    assert access.complete, str(access)
    assert str(access) == "nothing is missing"


@pytest.mark.parametrize(
    ("status", "body", "missing"),
    [
        (404, "404 page not found", tuple(KINDS)),
        (
            200,
            '{"resources": [{"name": "posturetargets"}, {"name": "posturetargets/status"}]}',
            tuple(KINDS)[1:],
        ),
    ],
)
async def test_a_missing_crd_is_one_line(
    serve: Serve, status: int, body: str, missing: tuple[str, ...]
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            return web.json_response({"status": {"allowed": True}}, status=201)
        return web.Response(text=body, status=status)

    async with serve(answer).client() as kube:
        access = await check_access(kube, None, "posture")
    assert access.kinds == missing
    assert access.rights == ()
    assert str(access).startswith(
        f"no CRD of version posture.dev/v1alpha1 for {', '.join(missing)}: run `posture crds"
    )
