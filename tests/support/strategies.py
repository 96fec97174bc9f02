"""Findings of all kinds."""

from hypothesis import strategies as st

from posture.domain.findings import (
    Check,
    CheckSource,
    Compliance,
    Finding,
    RecordState,
    Resource,
    Severity,
    Workflow,
)
from tests.support.rows import EC2_2, GUARDDUTY, S3_1, finding

texts = st.text(max_size=12) | st.sampled_from(["", "ΠΑ🙂", "a\0b", "'; DROP TABLE finding; --", "x" * 600])
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
resources = st.lists(st.builds(Resource, texts, texts, pairs), min_size=1, max_size=32).map(tuple)
checks = st.builds(
    Check,
    texts,
    source=st.sampled_from([None, CheckSource.SECURITY_HUB]),
    control=texts,
    numbered=st.booleans(),
    standards=st.lists(texts).map(tuple),
)
times = st.integers(0, 4_102_444_800_000_000)


def whole_findings() -> st.SearchStrategy[Finding]:
    """Findings with anything in them; an account has one name."""
    names = {"111122223333": "acme-shop-dev", "444455556666": "", "": "ΠΑ🙂"}
    return st.builds(
        Finding,
        id=texts,
        product_arn=texts,
        check=checks,
        account_id=st.sampled_from(sorted(names)),
        account_name=st.just(""),
        region=texts,
        title=texts,
        severity=st.sampled_from(Severity),
        compliance=st.sampled_from(Compliance),
        record_state=st.sampled_from(RecordState),
        created_at=times,
        updated_at=times,
        resources=resources,
        workflow=st.sampled_from(Workflow),
        note=texts,
        user_fields=pairs,
        note_by=texts,
        first_observed_at=st.none(),
        failing=st.none(),
    ).map(
        lambda each: each._replace(
            account_name=names[each.account_id], note_by=each.note_by if each.note else ""
        )
    )


def small_findings() -> st.SearchStrategy[Finding]:
    """Findings that meet: few ids, cells and times, all states."""
    return st.builds(
        finding,
        st.integers(1, 5),
        check=st.sampled_from([S3_1, EC2_2, GUARDDUTY]),
        account_id=st.sampled_from(["111122223333", "444455556666"]),
        account_name=st.just("acme"),
        region=st.sampled_from(["eu-west-1", "us-east-1"]),
        severity=st.sampled_from([Severity.LOW, Severity.CRITICAL]),
        compliance=st.sampled_from(Compliance),
        record_state=st.sampled_from(RecordState),
        updated_at=st.integers(1, 4),
        workflow=st.sampled_from(Workflow),
        note=st.sampled_from(["", "accepted"]),
    )
