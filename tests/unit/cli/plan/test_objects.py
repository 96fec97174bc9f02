"""What is declared: objects of files as the API server would have them, laid over those of a cluster."""

from typing import Any

from posture.cli.plan.objects import all_granted, laid_over, object_of
from posture.cli.validate.manifests import ManifestSource, found_in
from posture.config.model import Config
from posture.domain.grants import Mode, Verb
from posture.reconcile.access import Admitted, admit
from posture.remediation.declared import declare_rule
from posture.suppression.declared import declare_policy

API = "posture.dev/v1alpha1"
NOW = "2026-11-30T00:00:00Z"
READER = "arn:aws:iam::111122223333:role/some/path/reader"


def there(kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    named = {
        "name": name,
        "namespace": "security",
        "uid": f"uid-{name}",
        "generation": 3,
        "creationTimestamp": NOW,
        **metadata,
    }
    return {"apiVersion": API, "kind": kind, "metadata": named, "spec": spec, "status": {"x": 1}}


def read(text: str) -> list[dict[str, Any]]:
    found = found_in(ManifestSource("a.yaml", text.encode()))
    return [object_of(each, "elsewhere", NOW) for each in found.manifests]


def test_an_object_of_a_file_is_as_if_it_were_made_now() -> None:
    (made,) = read(
        "apiVersion: posture.dev/v1alpha1\nkind: PostureTarget\n"
        "metadata: {name: a, uid: theirs, labels: {team: x}, annotations: null, generation: 9}\n"
        "spec: {suspend: null, aws: {region: eu-west-1}}\nstatus: {score: 100}\n"
    )
    assert made == {
        "apiVersion": "posture.dev/v1alpha1",
        "kind": "PostureTarget",
        "metadata": {
            "name": "a",
            "namespace": "elsewhere",
            "generation": 1,
            "creationTimestamp": NOW,
            "labels": {"team": "x"},
            "uid": "PostureTarget/elsewhere/a",
        },
        "spec": {"aws": {"region": "eu-west-1"}},
    }


def test_a_file_takes_the_place_of_an_object_which_stays_the_same_object() -> None:
    old = there("SuppressionPolicy", "a", {"mode": "Enforce"}, annotations={"kept": "1"}, finalizers=["f"])
    other = there("PostureTarget", "a", {})
    new = {**there("SuppressionPolicy", "a", {"mode": "DryRun"}, annotations={"added": "2"}), "status": {}}
    found = laid_over([old, other], [new, there("SuppressionPolicy", "b", {})])
    assert [(each["kind"], each["metadata"]["name"]) for each in found] == [
        ("SuppressionPolicy", "a"), ("PostureTarget", "a"), ("SuppressionPolicy", "b"),
    ]  # fmt: skip
    assert found[0]["spec"] == {"mode": "DryRun"}
    assert found[0]["status"] == {"x": 1}
    metadata = found[0]["metadata"]
    assert (metadata["uid"], metadata["generation"], metadata["finalizers"]) == ("uid-a", 4, ["f"])
    assert metadata["annotations"] == {"kept": "1", "added": "2"}
    assert old["metadata"]["annotations"] == {"kept": "1"}, "what was listed is left as it is"
    assert laid_over([old], [old])[0]["metadata"]["generation"] == 3


def test_what_is_asked_for_is_granted_to_its_own_namespace_and_no_more() -> None:
    target = there(
        "PostureTarget",
        "organization",
        {
            "aws": {"region": "eu-west-1", "roleArn": READER},
            "source": {"securityStandards": {"standards": ["*"]}},
        },
    )
    terms = {
        "targetRef": {"name": "organization"},
        "justification": "Retention is handled by lifecycle policies",
        "approvedBy": "a@example.com",
        "expiresAt": "2027-03-01T00:00:00Z",
    }
    off = {"standards": ["*"], "controls": ["S3.1"], "accounts": ["*"], "regions": ["eu-west-1"]}
    policies = [
        there("SuppressionPolicy", "a", {**terms, "suppressFindings": {"match": [{"controls": ["S3.1"]}]}}),
        there("SuppressionPolicy", "b", {**terms, "disableControls": off}),
        there("SuppressionPolicy", "c", {**terms, "disableControls": {**off, "roleName": "own"}}),
    ]
    document = {
        "document": "AWS-X",
        "documentVersion": "1",
        "parameters": {"GroupId": ["{{ resource.name }}"]},
    }
    undo = {
        "document": "AWS-Y",
        "documentVersion": "1",
        "parameters": {"Run": ["{{ execution.id }}", "a\nb"]},
    }
    actions: list[dict[str, Any]] = [
        {"builtin": {"name": "s3-account-block-public-access"}},
        {"ssmAutomation": {**document, "undoDocument": undo}},
    ]
    rules = [
        there(
            "RemediationRule",
            f"r{number}",
            {
                "targetRef": {"name": "organization"},
                "match": [{"controls": ["S3.1"]}],
                "mode": "Enforce",
                "action": action,
                **({"identity": {"roleName": "own"}} if number else {}),
            },
        )
        for number, action in enumerate(actions)
    ]
    config = all_granted([target, *policies, *rules])
    admitted = admit(target, config)
    assert isinstance(admitted, Admitted)
    admissions = {"security/organization": (target, admitted)}
    assert [declare_policy(each, admissions, config, 1_790_000_000_000_000).trouble for each in policies] == [
        None
    ] * 3
    assert [declare_rule(each, admissions, config).trouble for each in rules] == [None] * 2
    (grant,) = config.grants
    assert (grant.namespaces, grant.role_arns) == (("security",), (READER,))
    assert (grant.verbs, grant.remediation.max_mode) == (frozenset(Verb), Mode.ENFORCE)
    assert config.model_copy(update={"grants": ()}) == Config()
