"""What a policy's status says it turned off is off only as far as Security Hub says so too."""

import uuid

from sandbox.cloud import Cloud
from tests.support.e2e.controls import CONTROL, REGION, allow, failing, is_off
from tests.support.e2e.exceptions import in_hours, reason, status
from tests.support.e2e.stage import FSBP, Stage
from tests.support.e2e.statuses import agrees, patch_status


def test_what_a_status_of_another_namespace_says_is_off_is_on(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    name = stage.target()
    theirs = f"team-b-{uuid.uuid4().hex[:8]}"
    stage.plane.kubectl("create", "namespace", theirs)
    operator = stage.operator(kubeconfig=stage.plane.kubeconfig, arguments=["--namespace", theirs])
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    assert agrees(stage, operator, name)
    own_namespace, stage.namespace = stage.namespace, theirs
    everywhere = [
        {
            "standard": FSBP, "control": CONTROL, "region": REGION, "status": "Passed",
            "accounts": sorted({each["AwsAccountId"] for each in cloud.control.findings()}),
        }
    ]  # fmt: skip
    stage.apply(
        "SuppressionPolicy", "nobody",
        {
            "targetRef": {"name": "there-is-none"},
            "justification": "Secrets are rotated by their own service",
            "approvedBy": "security@example.com",
            "expiresAt": "2020-01-01T00:00:00Z",
            "disableControls": {
                "standards": [FSBP], "controls": [CONTROL], "accounts": ["*"], "regions": [REGION],
            },
        },
    )  # fmt: skip
    patch_status(stage, "suppressionpolicy", "nobody", disabledControls=everywhere)
    operator.wait(lambda: reason(stage, name="nobody")[1] == "Expired", "the policy to be looked at")
    stage.namespace = own_namespace
    stage.kubectl("annotate", "posturetarget", name, "posture.dev/requestedAt=after")
    operator.wait(lambda: stage.status(name).get("lastHandledRequest") == "after", "a run after it")
    assert agrees(stage, operator, name)
    assert not operator.series("posture_findings", state="disabled")


def test_what_a_status_of_its_own_policy_says_is_off_counts_only_while_it_is(
    stage: Stage, cloud: Cloud
) -> None:
    allow(stage)
    name = stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    one = failing(cloud)[0]
    stage.apply(
        "SuppressionPolicy", "secrets",
        {
            "targetRef": {"name": name},
            "mode": "DryRun",
            "justification": "Secrets are rotated by their own service",
            "approvedBy": "security@example.com",
            "expiresAt": in_hours(24),
            "disableControls": {
                "standards": [FSBP], "controls": [CONTROL], "accounts": ["*"], "regions": [REGION],
            },
        },
    )  # fmt: skip
    operator.wait(lambda: reason(stage, name="secrets") == ("True", "DryRun"), "the dry run", seconds=60)
    off = {"standard": FSBP, "control": CONTROL, "region": REGION, "status": "Passed", "accounts": [one]}
    # Somewhere that only a request could be sent to, and nothing could be read.
    elsewhere = {**off, "region": "eu-west-1.example.com/", "accounts": ["1/../../"]}
    patch_status(stage, "suppressionpolicy", "secrets", disabledControls=[off, elsewhere])
    operator.wait(lambda: status(stage, "secrets").get("disabledControls", []) == [], "the truth")
    stage.kubectl("annotate", "posturetarget", name, "posture.dev/requestedAt=after")
    operator.wait(lambda: stage.status(name).get("lastHandledRequest") == "after", "a run after it")
    assert agrees(stage, operator, name)
    assert is_off(cloud, one) is None
    assert not operator.series("posture_findings", state="disabled")
