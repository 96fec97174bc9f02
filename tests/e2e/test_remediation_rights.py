"""Who may do what to the journal of remediations: the chart's admission policy and roles, each attacked."""

import json
import uuid
from typing import Any

import pytest

from posture.api.remediation import Remediation
from sandbox.controlplane import ControlPlane
from sandbox.waiting import wait_until
from tests.support.api.objects import minimal, whole
from tests.support.e2e.journal import HASH, Done, Journal

APPROVER = "posture-posture-operator-remediation-approver"
EVERYTHING = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
"""What Kubernetes itself has verbs for: a namespace's administrator, without the verbs of ours."""
CONTROLLERS = [
    f"system:serviceaccount:kube-system:{each}"
    for each in ("generic-garbage-collector", "namespace-controller")
]
STATES = ["AwaitingApproval", "Running", "Succeeded", "Failed", "Skipped", "Undoing", "Undone"]


@pytest.fixture(scope="module")
def journal(crds: ControlPlane) -> Journal:
    """A guarded namespace. alice approves and undoes; mallory may do all that Kubernetes has verbs for."""
    namespace = f"guarded-{uuid.uuid4().hex[:8]}"
    crds.kubectl("create", "namespace", namespace)
    made = Journal(crds, namespace)
    made.bind("alice", "Role", APPROVER)
    made.grant("mallory", verbs=EVERYTHING)
    made.grant("keeper", verbs=["get", "delete", "deletecollection", "forget"])
    made.grant(f"system:serviceaccount:{namespace}:other", verbs=EVERYTHING)
    wait_until(
        lambda: made.kubectl("alice", "auth", "can-i", "undo", "rem").stdout.strip() == "yes",
        "alice's role",
        seconds=30,
    )
    return made


@pytest.fixture
def name() -> str:
    """The name of an entry that no other test has."""
    return f"remediation-{uuid.uuid4().hex}"


def refused(done: Done, says: str) -> None:
    assert done.returncode != 0, done.stdout
    assert "ValidatingAdmissionPolicy" in done.stderr, done.stderr
    assert says in done.stderr


def allowed(done: Done) -> None:
    assert done.returncode == 0, done.stderr


def strangers(journal: Journal) -> list[str]:
    """Give the users who may do anything but what the policy keeps from them."""
    return ["admin", "mallory", f"system:serviceaccount:{journal.namespace}:other"]


def test_only_the_operator_makes_entries(journal: Journal, name: str) -> None:
    for user in strangers(journal):
        refused(journal.make(name, user), "Only the operator makes Remediations")
    # Nor by what makes an object that is not there: a server-side apply, a name that the server makes up.
    document = whole(Remediation, minimal(Remediation), name, journal.namespace)
    applied = journal.kubectl("mallory", "apply", "--server-side", "-f", "-", document=document)
    refused(applied, "Only the operator makes Remediations")
    document["metadata"] = {"generateName": "remediation-"}
    refused(journal.kubectl("mallory", "create", "-f", "-", document=document), "Only the operator makes")
    assert journal.get(name) == {}
    allowed(journal.make(name))


@pytest.mark.parametrize("spec", [{"approval": {"by": "alice", "planHash": HASH}}, {"undo": True}])
def test_an_entry_is_not_made_approved_or_to_be_undone(
    journal: Journal, name: str, spec: dict[str, Any]
) -> None:
    refused(journal.make(name, **spec), "without approval and undo")


@pytest.mark.parametrize("before", ["", "AwaitingApproval", "Succeeded"])
def test_only_the_operator_writes_a_status(journal: Journal, name: str, before: str) -> None:
    journal.entry(name, before)
    for user in strangers(journal):
        refused(journal.write_status(name, user, "Undone"), "Only the operator writes the status")
    replaced = journal.get(name)
    replaced["status"] = {"conditions": []}
    path = f"/apis/posture.dev/v1alpha1/namespaces/{journal.namespace}/remediations/{name}/status"
    status, answer = journal.plane.request("PUT", path, replaced)
    assert status != 200
    assert "Only the operator writes the status" in answer["message"]
    # What is written to the object itself leaves its status alone.
    journal.patch(name, "mallory", status={"attempts": 7})
    conditions = journal.get(name).get("status", {}).get("conditions", [])
    assert [each["reason"] for each in conditions] == ([before] if before else [])
    assert "attempts" not in journal.get(name).get("status", {})
    journal.move(name, "Running")


def test_approving_needs_the_verb(journal: Journal, name: str) -> None:
    journal.entry(name, "AwaitingApproval")
    for user in ("mallory", f"system:serviceaccount:{journal.namespace}:other", journal.subject):
        refused(journal.approve(name, user), "needs the verb approve on remediations.posture.dev")
    assert "approval" not in journal.get(name)["spec"]
    allowed(journal.approve(name, "alice"))
    assert journal.get(name)["spec"]["approval"] == {"by": "alice", "planHash": HASH}


def test_whoever_approves_does_so_in_their_own_name(journal: Journal, name: str) -> None:
    journal.entry(name, "AwaitingApproval")
    for by in ("bob", "Alice", " alice", "alice "):
        refused(journal.approve(name, "alice", by), "spec.approval.by: write alice")
    refused(journal.approve(name, "admin", "alice"), "spec.approval.by: write admin")
    allowed(journal.approve(name, "admin"))
    allowed(journal.approve(name, "alice"))


def test_another_plan_is_not_approved(journal: Journal, name: str) -> None:
    journal.entry(name, "AwaitingApproval")
    done = journal.patch(name, "alice", spec={"approval": {"by": "alice", "planHash": "f" * 16}})
    assert done.returncode != 0
    assert "another plan is not approved by it" in done.stderr
    # Nor is the plan changed below an approval.
    allowed(journal.approve(name, "alice"))
    done = journal.patch(name, "alice", spec={"planHash": "f" * 16})
    assert done.returncode != 0


def test_an_approval_is_taken_back_until_it_is_used(journal: Journal, name: str) -> None:
    journal.entry(name, "AwaitingApproval")
    allowed(journal.approve(name, "alice"))
    refused(journal.patch(name, "mallory", spec={"approval": None}), "needs the verb approve")
    allowed(journal.patch(name, "alice", spec={"approval": None}))
    allowed(journal.approve(name, "alice"))
    for state in STATES[1:]:
        journal.move(name, state)
        says = f"only while its state is AwaitingApproval, and that is {state}."
        refused(journal.patch(name, "alice", spec={"approval": None}), says)
        refused(journal.approve(name, "admin"), says)
    assert journal.get(name)["spec"]["approval"]["by"] == "alice"


def test_what_has_no_state_yet_is_not_approved(journal: Journal, name: str) -> None:
    journal.entry(name)
    refused(journal.approve(name, "alice"), "and that is not told yet")


def test_undoing_needs_the_verb_and_is_not_taken_back(journal: Journal, name: str) -> None:
    journal.entry(name, "Succeeded")
    for user in ("mallory", f"system:serviceaccount:{journal.namespace}:other", journal.subject):
        refused(journal.undo(name, user), "needs the verb undo on remediations.posture.dev")
    assert journal.get(name)["spec"]["undo"] is False
    allowed(journal.undo(name, "alice"))
    for changes in ({"undo": False}, {"undo": None}):
        done = journal.patch(name, "alice", spec=changes)
        assert done.returncode != 0
        assert "undo stays true" in done.stderr


def test_verbs_of_one_entry_are_of_that_entry_alone(journal: Journal, name: str) -> None:
    journal.entry(name, "AwaitingApproval")
    other = journal.entry(f"{name}-other", "AwaitingApproval")
    journal.grant("one-only", verbs=["get", "patch"])
    rule = {
        "apiGroups": ["posture.dev"],
        "resources": ["remediations"],
        "resourceNames": [name],
        "verbs": ["approve"],
    }
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": f"{name}-only"},
        "rules": [rule],
    }
    journal.plane.kubectl("apply", "-n", journal.namespace, "-f", "-", input=json.dumps(role))
    journal.bind("one-only", "Role", f"{name}-only")
    wait_until(lambda: journal.approve(name, "one-only").returncode == 0, "the role", seconds=30)
    refused(journal.approve(other, "one-only"), "needs the verb approve")


@pytest.mark.parametrize("state", STATES)
def test_deleting_needs_the_verb_forget_and_that_nothing_goes_on(
    journal: Journal, name: str, state: str
) -> None:
    journal.entry(name, state)
    for user in ("mallory", f"system:serviceaccount:{journal.namespace}:other"):
        refused(journal.delete(name, user), "needs the verb forget on remediations.posture.dev")
    done = journal.delete(name, "keeper")
    if state in {"Running", "Undoing"}:
        refused(done, f"It is {state}: delete it when that has ended")
        refused(journal.delete(name, "admin"), f"It is {state}")
        allowed(journal.delete(name, journal.subject))
    else:
        allowed(done)
    assert journal.get(name) == {}


def test_a_whole_collection_is_not_deleted_either(journal: Journal, name: str) -> None:
    journal.entry(name, "Running")
    query = f"?fieldSelector=metadata.name%3D{name}"
    path = f"/apis/posture.dev/v1alpha1/namespaces/{journal.namespace}/remediations{query}"
    for user in ("mallory", "keeper", ""):
        status, answer = journal.plane.request("DELETE", path, impersonate=user)
        assert status in {403, 422}, answer
        assert "ValidatingAdmissionPolicy" in answer["message"]
    assert journal.get(name)
    assert journal.plane.request("DELETE", path, impersonate=CONTROLLERS[1])[0] == 200
    assert journal.get(name) == {}


def test_an_owner_that_is_not_there_has_no_entry_deleted(journal: Journal, name: str) -> None:
    journal.entry(name, "Succeeded")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": str(uuid.uuid4())}
    for metadata in ({"ownerReferences": [owner]}, {"finalizers": ["example.com/stay"]}):
        for user in (*strangers(journal), "alice"):
            refused(journal.patch(name, user, metadata=metadata), "owners and the finalizers")
        allowed(journal.patch(name, journal.subject, metadata=metadata))
        refused(journal.patch(name, "mallory", metadata=dict.fromkeys(metadata)), "owners and the finalizers")
    allowed(journal.patch(name, journal.subject, metadata={"finalizers": None, "ownerReferences": None}))


def test_labels_of_ours_stay_and_those_of_people_are_theirs(journal: Journal, name: str) -> None:
    journal.entry(name, "Succeeded")
    allowed(journal.patch(name, journal.subject, metadata={"labels": {"posture.dev/rule": "buckets"}}))
    for labels in ({"posture.dev/rule": "other"}, {"posture.dev/rule": None}, {"posture.dev/more": "x"}):
        refused(journal.patch(name, "mallory", metadata={"labels": labels}), "labels posture.dev/")
    allowed(journal.patch(name, "mallory", metadata={"labels": {"ticket": "SEC-7"}}))
    allowed(journal.patch(name, "mallory", metadata={"annotations": {"posture.dev/requestedAt": "1"}}))


def test_whoever_impersonates_has_the_rights_of_whom_they_impersonate(journal: Journal, name: str) -> None:
    """As real users with tokens of their own: one may be whoever they like, but is then nobody else."""
    plane, namespace = journal.plane, journal.namespace
    journal.entry(name, "AwaitingApproval")
    account, role = f"actor-{name[-8:]}", f"impersonate-{name[-8:]}"
    plane.kubectl("create", "serviceaccount", account, "-n", namespace)
    subject = f"system:serviceaccount:{namespace}:{account}"
    plane.kubectl("create", "clusterrole", role, "--verb=impersonate", "--resource=users")
    plane.kubectl("create", "clusterrolebinding", role, f"--clusterrole={role}", f"--user={subject}")
    journal.grant(subject, verbs=["get", "patch"])
    kubeconfig = plane.kubeconfig_for(account, namespace)

    def approve(by: str, *as_whom: str) -> Done:
        patch = json.dumps({"spec": {"approval": {"by": by, "planHash": HASH}}})
        given = ("-n", namespace, "patch", "rem", name, "--type=merge", "-p", patch)
        return plane.kubectl(*as_whom, *given, check=False, kubeconfig=kubeconfig)

    refused(approve(subject), "needs the verb approve")
    refused(approve("alice"), "needs the verb approve")
    wait_until(
        lambda: "needs the verb approve" in approve("mallory", "--as=mallory").stderr, "the role", seconds=30
    )
    refused(approve(subject, "--as=alice"), "spec.approval.by: write alice")
    assert "approval" not in journal.get(name)["spec"]
    allowed(approve("alice", "--as=alice"))
    # Nor does one become the operator without the right to.
    done = plane.kubectl(
        f"--as={journal.subject}", "-n", namespace, "delete", "rem", name, check=False, kubeconfig=kubeconfig
    )
    assert done.returncode != 0
    assert "cannot impersonate" in done.stderr


@pytest.mark.parametrize("controller", CONTROLLERS)
@pytest.mark.parametrize("state", ["Running", "Succeeded"])
def test_what_the_cluster_takes_away_goes(journal: Journal, name: str, controller: str, state: str) -> None:
    journal.entry(name, state)
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": str(uuid.uuid4())}
    allowed(journal.patch(name, journal.subject, metadata={"ownerReferences": [owner]}))
    if controller == CONTROLLERS[0]:
        # It orphans dependents, too.
        allowed(journal.patch(name, controller, metadata={"ownerReferences": None}))
    allowed(journal.delete(name, controller))
    assert journal.get(name) == {}
    # Such an account of another namespace is nobody.
    other = journal.entry(f"{name}-2", "Succeeded")
    twin = controller.replace("kube-system", journal.namespace)
    journal.grant(twin, verbs=EVERYTHING)
    refused(journal.delete(other, twin), "needs the verb forget")


def test_with_a_namespace_goes_its_journal(crds: ControlPlane) -> None:
    namespace = f"ending-{uuid.uuid4().hex[:8]}"
    crds.kubectl("create", "namespace", namespace)
    journal = Journal(crds, namespace)
    for state in ("", "Running", "Succeeded"):
        journal.entry(f"entry-{state.lower() or 'none'}", state)
    crds.kubectl("delete", "namespace", namespace, "--wait=false")
    path = f"/apis/posture.dev/v1alpha1/namespaces/{namespace}/remediations"
    # Whoever finishes the deletion, under whatever name.
    wait_until(
        lambda: crds.request("DELETE", path)[0] == 200, "that the namespace is known to end", seconds=30
    )
    assert crds.request("GET", path)[1]["items"] == []


def test_a_release_guards_the_namespaces_that_it_watches_and_no_other(
    journal: Journal, namespace: str, name: str
) -> None:
    entry = {**journal.get(journal.entry(name)), "metadata": {"name": name, "namespace": namespace}}
    journal.plane.kubectl("create", "-f", "-", input=json.dumps(entry))
