"""Mutelists of Prowler: what their policies select.

What is muted is worked out by a model, `muted_by_prowler`; tests/component asks Prowler itself.
"""

from typing import Any

import pytest
import yaml
from hypothesis import given

from posture.cli.importing.prowler import rules_of_mutelist
from posture.cli.importing.prowler_findings import KnownFindings, read_findings
from posture.cli.importing.rules import Imported, ImportedRule, LeftOut, NotReadableError
from tests.support.examples import examples
from tests.support.imported import (
    CHECKS,
    asff,
    muted_by_prowler,
    mutelists,
    prowler_csv,
    prowler_findings,
    selected_by_import,
)


def imported(mutelist: dict[str, Any], known: KnownFindings | None) -> Imported:
    return rules_of_mutelist(yaml.safe_dump(mutelist, sort_keys=False).encode(), known)


def single(account: str = "*", /, **checks: dict[str, Any]) -> dict[str, Any]:
    return {"Mutelist": {"Accounts": {account: {"Checks": checks}}}}


def entry(**fields: Any) -> dict[str, Any]:
    return {"Regions": ["*"], "Resources": ["*"], **fields}


def finding(number: int, check: str, name: str, **fields: Any) -> dict[str, Any]:
    resources = [{"Type": "Other", "Id": f"arn:aws:any:::{name}", "Tags": {}}]
    return {
        "Check": check,
        "Name": name,
        "Finding": asff(number, "Prowler", Title=CHECKS[check], Resources=resources, **fields),
    }


FINDINGS = [
    finding(1, "s3_bucket_public", "logs"),
    finding(2, "s3_bucket_public_access", "logs"),
    finding(3, "s3_bucket_public", "ci-logs", Region="us-east-1"),
    finding(4, "ec2_instance_public", "i-1"),
    finding(5, "awslambda_function_url", "f", AwsAccountId="012345678901"),
]
RAW = [each["Finding"] for each in FINDINGS] + [asff(6, "GuardDuty"), asff(7, "Security Hub", control="S3.1")]
KNOWN = read_findings(prowler_csv(FINDINGS))


@examples(120)
@given(mutelists(), prowler_findings())
def test_policies_select_what_is_muted(mutelist: dict[str, Any], findings: list[dict[str, Any]]) -> None:
    raw = [each["Finding"] for each in findings] + [asff(99, "GuardDuty")]
    for known in (read_findings(prowler_csv(findings)), None):
        entries = iter(imported(mutelist, known).entries)
        for account, said in mutelist["Mutelist"]["Accounts"].items():
            checks = list(said["Checks"].items())
            for number, check in enumerate(checks):
                translated = next(entries)
                # What it fits and no entry up to it excepts: those before it mute for themselves.
                unmuting = [(name, {**fields, "Regions": ["^$"]}) for name, fields in checks[:number]]
                muted = {
                    each["Finding"]["Id"]
                    for each in findings
                    if muted_by_prowler(account, [*unmuting, check], each)
                }
                if isinstance(translated, ImportedRule):
                    assert selected_by_import(translated, raw) == muted
                elif known is not None and "select" in translated.says:
                    assert not muted
        assert next(entries, None) is None


@pytest.mark.parametrize(
    ("mutelist", "ids"),
    [
        (single(**{"*": entry()}), {1, 2, 3, 4, 5}),
        (single("012345678901", **{"*": entry()}), {5}),
        (single(**{"*": entry(Regions=["us-*"])}), {3}),
        (single(**{".*": entry(Regions=[".*"])}), {1, 2, 3, 4, 5}),
        (single(**{"*": entry(Regions=["^us*1$", "north"])}), {3}),
        (
            single(**{"*": entry(Exceptions={"Accounts": ["012345678901"], "Regions": ["eu-west-1"]})}),
            {1, 2, 3, 4},
        ),
        (single(**{"*": entry(Exceptions={"Accounts": ["999988887777"]})}), {1, 2, 3, 4, 5}),
    ],
)
@pytest.mark.parametrize("known", [None, KNOWN])
def test_what_needs_no_findings(mutelist: dict[str, Any], ids: set[int], known: KnownFindings | None) -> None:
    (translated,) = imported(mutelist, known).entries
    assert isinstance(translated, ImportedRule), translated
    assert selected_by_import(translated, RAW) == {f"finding/{number}" for number in ids}


@pytest.mark.parametrize(
    ("mutelist", "ids"),
    [
        (single(s3_bucket_public=entry()), {1, 2, 3}),
        (single(**{"s3_bucket_public$": entry()}), {1, 3}),
        (single(lambda_function_url=entry()), {5}),
        (single(s3_bucket_public=entry(Resources=["^logs"])), {1, 2}),
        (single(**{"*": entry(Resources=["logs$"])}), {1, 2, 3}),
        (single(**{"s3_*": entry(Exceptions={"Resources": ["ci"]})}), {1, 2}),
    ],
)
def test_what_is_looked_up_among_findings(mutelist: dict[str, Any], ids: set[int]) -> None:
    (translated,) = imported(mutelist, KNOWN).entries
    assert isinstance(translated, ImportedRule), translated
    assert selected_by_import(translated, RAW) == {f"finding/{number}" for number in ids}
    assert "findings given" in translated.remarks[0]
    (without,) = imported(mutelist, None).entries
    assert isinstance(without, LeftOut)
    assert "--findings" in without.says


@pytest.mark.parametrize(
    ("mutelist", "later", "ids"),
    [
        (
            single(**{"*": entry(Exceptions={"Resources": ["^ci"]})}),
            finding(8, "s3_bucket_public", "ci-new")["Finding"],
            {1, 2, 4, 5},
        ),
        (
            single(**{"s3_*": entry(Exceptions={"Regions": ["us"]}), "*": entry()}),
            asff(8, "Prowler", Title="A check of a later Prowler, about S3", Region="us-east-1"),
            {1, 2, 4, 5},
        ),
    ],
)
def test_what_may_be_excepted_later_is_not_selected_then(
    mutelist: dict[str, Any], later: dict[str, Any], ids: set[int]
) -> None:
    last = imported(mutelist, KNOWN).entries[-1]
    assert isinstance(last, ImportedRule)
    assert selected_by_import(last, [*RAW, later]) == {f"finding/{number}" for number in ids}
    assert "comes later is not in it" in last.remarks[0]


def test_an_exception_holds_for_the_entries_after_it_too() -> None:
    mutelist = single(
        **{
            "ec2_instance_public": entry(),
            "s3_*": entry(Regions=["us-east-1"], Exceptions={"Resources": ["^logs"]}),
            "*": entry(),
        }
    )
    translated = [each for each in imported(mutelist, KNOWN).entries if isinstance(each, ImportedRule)]
    assert [selected_by_import(each, RAW) for each in translated] == [
        {"finding/4"},
        {"finding/3"},
        {"finding/3", "finding/4", "finding/5"},
    ]


@pytest.mark.parametrize(
    ("mutelist", "says"),
    [
        (single("123", **{"*": entry()}), "no account's id"),
        (single(**{"*": entry(Resources=[])}), "mutes nothing"),
        (single(**{"*": entry(Regions=[r"eu-\w+"])}), r"Regions[0] `eu-\w+`"),
        (single(none=entry()), "selects none"),
    ],
)
def test_what_cannot_be_said_is_left_out_aloud(mutelist: dict[str, Any], says: str) -> None:
    (left,) = imported(mutelist, KNOWN).entries
    assert isinstance(left, LeftOut)
    assert says in left.says


def test_titles_and_arns_that_tell_nothing_apart_are_refused() -> None:
    same_title = read_findings(
        b"CHECK_ID;CHECK_TITLE;RESOURCE_UID;RESOURCE_NAME;RESOURCE_TAGS\na_check;One;arn:1;x;\nb_check;One;arn:1;y;\n"
        b"c_check;Is it?;arn:2;x;\nd_check;Two;arn:3;x;\nd_check;Two;arn:3;y;\ne_check;Three;arn:*;x;\n"
    )
    for check, resources, says in (
        ("a_check", "*", "is that of b_check too"),
        ("c_check", "*", "holds a wildcard"),
        ("d_check", "x", "some are muted and some are not"),
        ("e_check", "x", "holds a wildcard"),
    ):
        (left,) = imported(single(**{check: entry(Resources=[resources])}), same_title).entries
        assert isinstance(left, LeftOut)
        assert says in left.says


def malformed(**fields: Any) -> bytes:
    return yaml.safe_dump(single(a=entry(**fields))).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"Accounts: {}", "has no `Mutelist`"),
        (b"Mute List: {Accounts: {}}", "older Prowler"),
        (b"Mutelist: {Accounts: [], X: 1}", "malformed"),
        (b"Mutelist: {Accounts: {111122223333: {Checks: {}}}}", "write it in quotes"),
        (b"Mutelist: {Accounts: {'*': {}}}", "`Checks` alone"),
        (b"Mutelist: {Accounts: {'*': {Checks: {a: {Regions: ['*']}}}}}", "must have Regions and Resources"),
        (malformed(Regions="*"), "where a list is read"),
        (malformed(Regions=[1]), "write it in quotes"),
        (malformed(Exceptions={"Tags": [1]}), "write it in quotes"),
        (malformed(Exceptions={"Checks": []}), "Exceptions of a may have"),
        (malformed(Reason="x"), "may have Tags"),
        (
            b"Mutelist:\n  Accounts:\n    '*': {Checks: {}}\n    '*': {Checks: {}}",
            "line 4: * is there already",
        ),
    ],
)
def test_what_prowler_would_not_take_is_refused_as_a_whole(content: bytes, says: str) -> None:
    with pytest.raises(NotReadableError) as refused:
        rules_of_mutelist(content, None)
    assert says in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2", b"\xff", b'CHECK_ID;"'])
def test_what_is_not_prowlers_csv_is_refused(content: bytes) -> None:
    with pytest.raises(NotReadableError):
        read_findings(content)


def test_what_prowler_puts_before_a_formula_is_taken_off() -> None:
    header = b"CHECK_ID;CHECK_TITLE;RESOURCE_UID;RESOURCE_NAME;RESOURCE_TAGS\n"
    known = read_findings(header + b"a;'- a title;arn;'-x;'=@\na;it's;'arn;-1;\n")
    assert [tuple(each) for each in known.checks["a"]] == [
        ("- a title", "arn", "-x", "=@"),
        ("it's", "'arn", "-1", ""),
    ]
