import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.aws.securityhub.wire import NotAPage, decode_page
from posture.domain.findings import FindingId

SOUND = {
    "Id": "1",
    "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
    "GeneratorId": "security-control/S3.1",
    "AwsAccountId": "111122223333",
    "Region": "eu-west-1",
    "CreatedAt": "2026-11-01T00:00:00Z",
    "UpdatedAt": "2026-11-22T00:00:00Z",
    "Severity": {"Label": "LOW"},
    "Compliance": {"Status": "PASSED", "AssociatedStandards": [{"StandardsId": "standards/pci-dss/v/3.2.1"}]},
    "Workflow": {"Status": "RESOLVED"},
    "RecordState": "ACTIVE",
}


def body(*findings: object, **rest: object) -> bytes:
    return json.dumps({"Findings": findings, **rest}).encode()


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b'"Findings"',
        b"<html>502 Bad Gateway</html>",
        b'{"NextToken": "x"}',
        b'{"Findings": null}',
        b'{"Findings": {}}',
        b'{"Findings": [], "NextToken": 5}',
        b'{"Findings": []} trailing',
        b'{"Message": "boom", "Code": "InternalException"}',
        b'{"Findings": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        b"\xff\xfe",
    ],
)
def test_what_is_no_page_is_never_an_empty_page(wire: bytes) -> None:
    with pytest.raises(NotAPage):
        decode_page(wire)


@given(st.integers(min_value=0))
def test_every_truncation_is_noticed(cut: int) -> None:
    whole = body(SOUND, SOUND | {"Title": 5}, NextToken="t")
    with pytest.raises(NotAPage):
        decode_page(whole[: cut % len(whole)])


@pytest.mark.parametrize(
    ("token", "expected"),
    [({}, None), ({"NextToken": None}, None), ({"NextToken": ""}, None), ({"NextToken": "t"}, "t")],
)
@pytest.mark.parametrize("findings", [(), (SOUND,), (SOUND, 5)])
def test_next_token(findings: tuple[object, ...], token: dict[str, Any], expected: str | None) -> None:
    assert decode_page(body(*findings, **token)).next_token == expected


BAD: list[bytes] = [
    b"5",
    b"null",
    b'{"Id": 5}',
    b'{"Title": {"a": [1, 2]}}',
    b'{"Id": "\\ud800"}',
    b'{"Id": "\xff"}',
    b'{"Description": "\\udc00\\ud800"}',
    b'{"Id": "a", "UpdatedAt": "\\ud83d"}',
]


@given(st.lists(st.one_of(st.integers(0, 99), st.sampled_from(BAD)), max_size=12))
def test_a_bad_finding_costs_only_itself(entries: list[int | bytes]) -> None:
    parts = [
        entry if isinstance(entry, bytes) else json.dumps(SOUND | {"Id": str(entry)}).encode()
        for entry in entries
    ]
    page = decode_page(b'{"Findings": [' + b", ".join(parts) + b"]}")
    assert [finding.id for finding in page.findings] == [
        str(entry) for entry in entries if isinstance(entry, int)
    ]
    assert len(page.rejected) == sum(isinstance(entry, bytes) for entry in entries)
    assert page.unreadable == []


@pytest.mark.parametrize("broken", [b"\\ud800", b"\\udfff", b"\\uD83D\\u0041", b"\xff", b"\xed\xa0\x80"])
def test_text_that_is_no_unicode_is_replaced_where_it_is_no_identity(broken: bytes) -> None:
    wire = body(SOUND | {"Title": "HERE \\ud800 \U0001f600 \\"}).replace(b"HERE", broken)
    [finding] = decode_page(wire).findings
    assert finding.title.endswith(" \\ud800 \U0001f600 \\")
    assert "\N{REPLACEMENT CHARACTER}" in finding.title
    finding.title.encode()


@pytest.mark.parametrize("broken", [b"\\ud800", b"\xff"])
def test_an_id_that_is_no_unicode_is_no_identity(broken: bytes) -> None:
    page = decode_page(body(SOUND | {"Id": "HERE"}, SOUND).replace(b"HERE", b"a" + broken))
    assert [finding.id for finding in page.findings] == ["1"]
    [rejected] = page.rejected
    assert rejected.id.startswith("sha256:")


def test_an_id_with_a_replacement_character_of_its_own_stands_whatever_is_beside_it() -> None:
    own = SOUND | {"Id": "a\N{REPLACEMENT CHARACTER}"}
    for neighbours in ([], [5], [SOUND | {"Title": 7}]):
        assert decode_page(body(own, *neighbours)).findings[0].id == own["Id"]


@given(st.text(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_text_comes_through_whatever_it_holds(title: str, identity: str) -> None:
    page = decode_page(body(SOUND | {"Title": title, "Id": identity or "x"}))
    [finding] = page.findings
    assert (finding.title, finding.id) == (title, identity or "x")
    with_neighbour = decode_page(body(SOUND | {"Title": title}, 5))
    assert with_neighbour.findings[0].title == title


def test_repeated_strings_are_one_object() -> None:
    page = decode_page(
        body(*[SOUND | {"Id": str(n), "Title": "A title", "AwsAccountName": "shop"} for n in range(3)])
    )
    for field in ("account_id", "account_name", "region", "title", "product_arn", "check"):
        assert len({id(getattr(finding, field)) for finding in page.findings}) == 1


def test_parameters_of_a_control_are_read_beside_its_finding() -> None:
    ports = [{"Name": "authorizedTcpPorts", "Value": ["80", "443"]}, {"Name": "odd"}, {"Value": ["1"]}]
    said = SOUND | {"Compliance": {"Status": "FAILED", "SecurityControlParameters": ports}}
    page = decode_page(body(said, SOUND | {"Id": "other"}))
    (finding, other) = page.findings
    assert page.parameters == {
        FindingId(finding.product_arn, finding.id): {"authorizedTcpPorts": ("80", "443")}
    }
    assert other.id == "other"


def test_malformed_parameters_cost_only_themselves() -> None:
    said = SOUND | {"Compliance": {"Status": "FAILED", "SecurityControlParameters": [5, {"Name": "a"}]}}
    page = decode_page(body(said))
    assert [finding.compliance.name for finding in page.findings] == ["FAILED"]
    assert not any(page.parameters.values())
