"""The findings of a resource, read from Security Hub just before something is written to it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from posture.aws.securityhub.client import SecurityHub
from posture.domain.findings import Finding, FindingId
from posture.domain.remediation.candidates import Candidate, FindingName
from posture.domain.remediation.resources import ACCOUNT

PATIENCE = 30.0
"""Seconds for which throttling is waited out."""
_PAGES = 10
_VALUES = 20


class Reread(NamedTuple):
    """Findings as they are now, with the parameters in force of their controls, by name.

    `whole`: nothing that speaks of the resource was left out.
    """

    findings: Mapping[FindingId, Finding]
    parameters: Mapping[str, Sequence[str]]
    whole: bool


async def reread(cloud: SecurityHub, candidate: Candidate) -> Reread:
    """Read the findings that a candidate names by their Ids, and whatever else is ACTIVE of its resource.

    Of an account as a whole those of the candidate's controls: all its findings would be those of everything.
    Raises AwsError.
    """
    named = await _pages(cloud, _by_id(candidate.findings), 1)
    about: dict[str, Any] = {
        "ResourceId": _equals([candidate.resource.id]),
        "AwsAccountId": _equals([candidate.resource.account_id]),
        "RecordState": _equals(["ACTIVE"]),
    }
    if candidate.resource.type == ACCOUNT:
        about["ComplianceSecurityControlId"] = _equals(candidate.controls[:_VALUES])
    others = await _pages(cloud, about, _PAGES)
    findings = {**others.findings, **named.findings}
    return Reread(findings, {**others.parameters, **named.parameters}, named.whole and others.whole)


async def read_named(cloud: SecurityHub, names: Sequence[FindingName]) -> Mapping[FindingId, Finding]:
    """Read findings by their Ids; those that are gone are missing. Raises AwsError."""
    return (await _pages(cloud, _by_id(names), 1)).findings


async def _pages(cloud: SecurityHub, filters: Mapping[str, Any], most: int) -> Reread:
    """Read so many pages at most."""
    findings: dict[FindingId, Finding] = {}
    parameters: dict[str, Sequence[str]] = {}
    token: str | None = None
    for _ in range(most):
        page = await cloud.get_findings(filters, next_token=token, patience=PATIENCE)
        findings.update((FindingId(each.product_arn, each.id), each) for each in page.findings)
        for each in page.parameters.values():
            parameters.update(each)
        token = page.next_token
        if page.rejected:
            break
        if token is None:
            return Reread(findings, parameters, whole=True)
    return Reread(findings, parameters, whole=False)


def _by_id(names: Iterable[FindingName]) -> dict[str, Any]:
    return {"Id": _equals([each.id for each in names])}


def _equals(values: Iterable[str]) -> list[dict[str, str]]:
    return [{"Value": each, "Comparison": "EQUALS"} for each in values]


async def parameters_of(
    cloud: SecurityHub, names: Sequence[FindingName]
) -> Mapping[FindingId, Mapping[str, Sequence[str]]]:
    """Return the parameters in force of the controls of up to 20 findings, as these say them; by name.

    Raises AwsError.
    """
    page = await cloud.get_findings(_by_id(names), patience=PATIENCE)
    return page.parameters
