"""Rows of a spreadsheet: cells are lists of globs, and a row may say who approved it and until when."""

import pytest

from posture.cli.importing.policies import policies_of
from posture.cli.importing.rows import COLUMNS, rules_of_csv
from posture.cli.importing.rules import ImportedRule, LeftOut, NotReadableError
from tests.support.imported import TERMS, asff, selected_by_import

HEADER = ",".join(COLUMNS)


def rows(*lines: str, header: str = HEADER) -> list[ImportedRule | LeftOut]:
    return list(rules_of_csv("\r\n".join([header, *lines]).encode("utf-8-sig")).entries)


def test_a_row_is_a_policy() -> None:
    (row,) = rows(
        's3.1;EC2.*,111122223333; 012345678901,eu-*,"arn:aws:s3:::logs;\narn:aws:s3:::logs-*",'
        "Logs are kept in the archive,me@example.com,2027-01-31T00:00:00Z,SEC-1"
    )
    assert isinstance(row, ImportedRule)
    (policy,) = policies_of(row, TERMS)
    assert policy.document["spec"] == {
        "targetRef": {"name": "organization"},
        "justification": "Logs are kept in the archive",
        "approvedBy": "me@example.com",
        "expiresAt": "2027-01-31T00:00:00Z",
        "reference": "SEC-1",
        "suppressFindings": {
            "match": [
                {
                    "controls": ["s3.1", "EC2.*"],
                    "accounts": ["111122223333", "012345678901"],
                    "regions": ["eu-*"],
                    "resourceIds": ["arn:aws:s3:::logs", "arn:aws:s3:::logs-*"],
                }
            ]
        },
    }
    findings = [
        asff(1, "Security Hub", control="S3.1"),
        asff(2, "Security Hub", control="S3.1", Region="us-east-1"),
        asff(3, "Security Hub", control="S3.2"),
        asff(4, "Security Hub", control="EC2.8", AwsAccountId="012345678901"),
        asff(5, "Security Hub", control="S3.1", Resources=[{"Type": "Other", "Id": "arn:aws:s3:::other"}]),
        asff(6, "GuardDuty"),
    ]
    assert selected_by_import(row, findings) == {"finding/1", "finding/4"}


def test_what_a_row_does_not_say_the_command_line_does() -> None:
    (row,) = rows("S3.1,,,,,,,")
    assert isinstance(row, ImportedRule)
    (policy,) = policies_of(row, TERMS)
    assert policy.document["spec"] == {
        "targetRef": {"name": "organization"},
        "justification": TERMS.justification,
        "approvedBy": TERMS.approved_by,
        "expiresAt": TERMS.expires_at,
        "suppressFindings": {"match": [{"controls": ["S3.1"]}]},
    }


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (",,,,Because of this and that,,,", "selects nothing"),
        ("S3.1,1,2", "more or fewer cells"),
        ("S3.1,,,,,,,,,", "more or fewer cells"),
        ("S3.2,,,,,,,", "says the same as row 1"),
    ],
)
def test_what_is_no_rule_is_left_out_aloud(line: str, says: str) -> None:
    _, left = rows("S3.2,,,,,,,", line)
    assert isinstance(left, LeftOut)
    assert left.place == "row 2, line 3"
    assert says in left.says


def test_columns_stand_in_any_order_and_others_are_told() -> None:
    header = "owner," + ",".join(reversed(COLUMNS))
    found = rules_of_csv(f"{header}\nme,,,,,,,,S3.1\n".encode())
    (row,) = found.entries
    assert isinstance(row, ImportedRule)
    assert row.match == ({"controls": ["S3.1"]},)
    assert found.remarks == ("columns that are not read: owner",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "missing is control"),
        (b"control;accounts", "missing is control, accounts"),
        (f"{HEADER},control\n".encode(), "each once"),
        (b"\xff\xfe", "is not UTF-8"),
        (f'{HEADER}\n"S3.1'.encode(), "is no CSV"),
    ],
)
def test_what_is_no_such_file_is_refused(content: bytes, says: str) -> None:
    with pytest.raises(NotReadableError) as refused:
        rules_of_csv(content)
    assert says in str(refused.value)
