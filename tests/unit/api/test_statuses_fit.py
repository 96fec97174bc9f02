"""Whatever the API server took as a spec, and AWS and people said: the status is one that it takes."""

from collections.abc import Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.api.conditions import Trouble
from posture.api.crds import KINDS, kind_schema
from posture.api.model import Metadata
from posture.api.resource import CustomResource, Status, read_status
from posture.api.suppression_policy import SuppressionPolicy, SuppressionPolicyStatus
from posture.api.targets.kind import PostureTarget, ScoringMethod
from posture.api.targets.status import PostureTargetStatus
from posture.aws.client.errors import AccessDenied
from posture.config.model import Config
from posture.domain.exceptions.control_switches import ControlAct, Switch
from posture.domain.exceptions.finding_plan import FindingAct, FindingChange, Write
from posture.domain.exceptions.marks import SPELLED
from posture.domain.exceptions.policy import Phase
from posture.domain.findings import (
    Cell,
    Check,
    CheckSource,
    Compliance,
    Count,
    FindingId,
    Rejection,
    Severity,
    Workflow,
)
from posture.domain.grants import NotGranted
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import Evaluation, TurnedOff, View, evaluate
from posture.domain.scoring.scores import Score
from posture.domain.standards import ControlAssociation, Controls, ControlStatus, Standard
from posture.domain.time import datetime_of, instant_of
from posture.hubs.status import HubStatus
from posture.reconcile.access import NotAdmitted, admit
from posture.reconcile.member_roles import AccountRegion
from posture.suppression.conditions import HubState, PolicyCase, PolicyProgress
from posture.suppression.controls.account import ControlRefusal
from posture.suppression.controls.progress import ControlsProgress
from posture.suppression.declared import declare_policy
from posture.suppression.effect import Effect
from posture.suppression.findings.progress import FindingsProgress
from posture.suppression.findings.writer import FindingRefusal
from posture.suppression.status import policy_status
from posture.targets.conditions import TargetSituation, assessed, refused
from posture.targets.situation import hub_fields
from posture.targets.status import believed, evaluation_fields, without_scores
from tests.support.api.generated import ODD, objects
from tests.support.api.spoilt import spoilt
from tests.support.api.structural import refused as refused_by
from tests.support.examples import examples
from tests.support.hub_facts import ACCOUNT, facts
from tests.support.policies import OUTCOME

Given = tuple[type[CustomResource], dict[str, Any]]
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
NOWS = st.sampled_from([datetime(2026, 11, 22, tzinfo=UTC), FIRST, LAST])
# As AWS and people may say it: with half a surrogate pair, which JSON can spell, and at any length.
WORDS = st.builds(str.__mul__, st.text(ODD + "\ud800x", max_size=5), st.sampled_from([1, 1, 1, 600]))
COUNTS = st.integers(0, 2**31)
NUMBERS = st.sampled_from([0, 1, 2, 70])
"""How many there are of something: more than a status keeps of anything drawn here, at most."""
UNSHRUNK = examples(100, shrink=False)
TURN_OFF = ControlAct.TURN_OFF
GRANT = {
    "namespaces": ["security"],
    "roleArns": ["arn:*:iam::*:role/*"],
    "ambientIdentity": True,
    "accounts": ["*"],
    "verbs": ["Score"],
}


def fits(kind: type[CustomResource], status: Status) -> None:
    """Hold a status to the schema of its kind; it is read back as it was written, too."""
    written = status.to_api()
    assert refused_by(kind_schema(kind)["properties"]["status"], written) == []
    assert read_status(kind.status_model(), {"status": written}).to_api() == written


def errors(text: str) -> AccessDenied:
    return AccessDenied(text, service="securityhub", operation="GetFindings", code=text[:40], advice=text)


@st.composite
def several(draw: st.DrawFn) -> list[str]:
    """Texts, some of which are alike, or are once they are shortened."""
    one, other = draw(WORDS), draw(WORDS)
    return [f"{one}{number // 2}{other}{number % 5}" for number in range(draw(NUMBERS))]


@st.composite
def befores(draw: st.DrawFn, kind: type[CustomResource], now: datetime) -> Any:
    """What the status was before: nothing, or whatever somebody made of one."""
    _, status = draw(spoilt())
    return read_status(kind.status_model(), {"status": draw(st.sampled_from([{}, status]))}, now)


@st.composite
def progresses(draw: st.DrawFn, *, suppresses: bool) -> PolicyProgress | None:
    """How far a policy is, with whatever AWS has said meanwhile; None: not known."""
    if draw(st.booleans()):
        return None
    matched, suppressed, marked, drift, held = (draw(COUNTS) for _ in range(5))
    outcome = OUTCOME._replace(
        phase=draw(st.sampled_from(Phase)), matched=matched, suppressed=suppressed, marked=marked, drift=drift
    )
    score = draw(st.sampled_from([None, Score(0, 1), Score(1, 3), Score(7, 7)]))
    progress = FindingsProgress(outcome, held, held, (), Effect(score, score), instant_of(draw(NOWS)))
    said, text = draw(several()), draw(WORDS)
    if not suppresses:
        return _controls(progress, said, text)
    change = FindingChange(None, None, ())
    writes = [Write(FindingId("arn", each), "1", FindingAct.SUPPRESS, "a/b", change) for each in said]
    return replace(progress, refusals=tuple(FindingRefusal(each, text, text) for each in writes))


def _controls(progress: FindingsProgress, said: Sequence[str], text: str) -> ControlsProgress:
    was = sorted(SPELLED, key=str)
    accounts = [f"{number:012d}" for number in range(len(said))]
    places = [
        TurnedOff(f"{text}{number % 3}", f"S3.{number}", account, "eu-west-1")
        for number, account in enumerate(accounts)
    ]
    return ControlsProgress(
        **{each.name: getattr(progress, each.name) for each in dataclass_fields(PolicyProgress)},
        record={place: was[number % len(was)] for number, place in enumerate(places)},
        denied={
            place: ControlRefusal(Switch(place, TURN_OFF, "a/b", text, ControlStatus.FAILED), each, text)
            for place, each in zip(places, said, strict=True)
        },
        unread={AccountRegion(account, "eu-west-1"): errors(text) for account in accounts},
        ungranted={account: NotGranted(text, text, "NotGranted") for account in accounts},
    )


@UNSHRUNK
@given(objects(SuppressionPolicy), NOWS, st.data())
def test_a_policys(given_: Given, now: datetime, data: st.DataObject) -> None:
    _, document = given_
    declared = declare_policy(document, {}, Config(), instant_of(now))
    before = data.draw(befores(SuppressionPolicy, now))
    assert isinstance(before, SuppressionPolicyStatus)
    hub = HubState(data.draw(st.booleans()), data.draw(st.booleans()), error=errors(data.draw(WORDS)))
    progress = data.draw(progresses(suppresses=declared.suppresses))
    handled = Metadata.model_validate(document["metadata"]).requested_at
    for of in (declared, replace(declared, trouble=None)):
        status = policy_status(before, PolicyCase(of, progress, hub, None, instant_of(now)), handled)
        fits(SuppressionPolicy, status)


def evaluated(names: Sequence[str], standards: Sequence[str]) -> Evaluation:
    """Return an evaluation of accounts and standards of these names."""
    known = {
        each: Standard(each, "arn", {"S3.1": ControlAssociation("S3.1", enabled=True)}) for each in standards
    }
    check = Check(
        "Security Hub",
        source=CheckSource.SECURITY_HUB,
        control="S3.1",
        numbered=False,
        standards=tuple(sorted(known)),
    )
    count = Count(Severity.HIGH, Compliance.FAILED, Workflow.NEW, fresh=True, n=1)
    accounts = {f"{number:012d}": name for number, name in enumerate(names)}
    grouping, home = Grouping(default_environment="e" * 200), (ACCOUNT, "eu-west-1")
    view = View(tuple(known), Controls(known), AccountFilter(), grouping, home, names=accounts)
    return evaluate([Cell(check, account, "eu-west-1", (count,)) for account in accounts], view)


@UNSHRUNK
@given(objects(PostureTarget), NOWS, st.data())
def test_a_targets(given_: Given, now: datetime, data: st.DataObject) -> None:
    _, document = given_
    admission = admit(document, Config.model_validate({"grants": [GRANT]}))
    before, text = data.draw(befores(PostureTarget, now)), data.draw(WORDS)
    assert isinstance(before, PostureTargetStatus)
    fields: dict[str, Any] = {
        "observed_generation": document["metadata"]["generation"],
        "last_handled_request": Metadata.model_validate(document["metadata"]).requested_at,
    }
    if isinstance(admission, NotAdmitted):
        fields["conditions"] = refused(before.conditions, admission.trouble, now, 1)
        fits(PostureTarget, without_scores(before).model_copy(update=fields))
        return
    words = data.draw(several())
    known = facts(
        *(Standard(each, "arn", {}, status=text) for each in words),
        administrator_id=text, aggregation_region=text, finding_format=text, missing=tuple(words),
    )  # fmt: skip
    hub = HubStatus(
        facts=known,
        findings=data.draw(COUNTS),
        progress=data.draw(st.floats(0, 1)),
        duration_seconds=data.draw(st.floats(0, 1e9)),
        last_success=instant_of(now),
        next_time=instant_of(now) + 10**12,
        rejected=len(words),
        rejected_findings=tuple(Rejection(each, "", "", text) for each in words),
    )
    situation = TargetSituation(
        suspended=data.draw(st.booleans()), connected=data.draw(st.booleans()),
        trouble=data.draw(st.sampled_from([None, Trouble("AccessDenied", text)])), exact_at=instant_of(now),
        progress_percent=100, suspicious=data.draw(st.sampled_from([None, text])), missing=tuple(words[:3]),
        enabled=tuple(words), scored=data.draw(st.booleans()), reporting=0, rejected=text,
        refreshed_every=timedelta(minutes=5), notes=tuple(words),
    )  # fmt: skip
    pooled, method = data.draw(st.booleans()), data.draw(st.sampled_from(ScoringMethod))
    evaluation = evaluated(words, sorted(set(words[:60])))
    fields |= {
        "conditions": assessed(before.conditions, situation, now, 1),
        "scope_digest": "x",
        **hub_fields(admission, hub, before),
        **evaluation_fields(evaluation, method, exact_at=instant_of(now), pooled=pooled),
    }
    fits(PostureTarget, believed(before, "x").model_copy(update=fields))


@UNSHRUNK
@given(objects(*KINDS), NOWS, st.data())
def test_that_of_a_kind_that_is_not_acted_on(given_: Given, now: datetime, data: st.DataObject) -> None:
    kind, document = given_
    before = data.draw(befores(kind, now))
    conditions = refused(before.conditions, Trouble("InvalidSpec", data.draw(WORDS)), now, 1)
    requested = document["metadata"]["annotations"]["posture.dev/requestedAt"]
    status = before.model_copy(update={"conditions": conditions, "last_handled_request": requested})
    fits(kind, status)
    assert (status.last_handled_request or "")[:1000] == requested[:1000]


@pytest.mark.parametrize("instant", [instant_of(FIRST), 0, instant_of(LAST), 10**25, -(10**25)])
def test_every_moment_can_be_told(instant: int) -> None:
    moment = datetime_of(instant)
    fits(SuppressionPolicy, SuppressionPolicyStatus(last_matched_time=moment, review_due_time=moment))
