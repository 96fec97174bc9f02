"""Filters alone, and through the store's indexes, against an oracle that is written another way."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.securityhub.asff import encode, keys_of
from sandbox.securityhub.attributes import PATHS
from sandbox.securityhub.clock import parse_timestamp
from sandbox.securityhub.errors import ApiError
from sandbox.securityhub.filters import compile_filters
from sandbox.securityhub.model import shape_model
from sandbox.securityhub.ordering import Sorting, sorting_of
from sandbox.securityhub.query import Query, StaleCopy, View, count, fetch
from sandbox.securityhub.store import Store
from tests.support.examples import examples

Json = dict[str, Any]
NOW = parse_timestamp("2026-11-22T06:00:00Z") or 0
FINDING: Json = {
    "Id": "arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.1/finding/1",
    "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
    "AwsAccountId": "111122223333",
    "Title": "S3 Block Public Access setting should be enabled",
    "Types": ["Software and Configuration Checks/A", "Effects/B"],
    "UpdatedAt": "2026-11-20T10:00:00.123Z",
    "Confidence": 42,
    "Sample": True,
    "Compliance": {"Status": "FAILED"},
    "Workflow": {"Status": "NEW"},
    "UserDefinedFields": {"owner": "team-storage"},
    "Network": {"SourceIpV4": "10.1.2.3"},
    "Resources": [
        {"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::a", "Tags": {"env": "prod", "Team": "x"}},
        {"Type": "AwsIamRole", "Id": "arn:aws:iam::111122223333:role/r"},
    ],
}


def strings(comparison: str, *values: str) -> list[Json]:
    return [{"Value": value, "Comparison": comparison} for value in values]


def tag(comparison: str, key: str, value: str) -> Json:
    return {"Key": key, "Value": value, "Comparison": comparison}


def matches(filters: Json) -> bool:
    return compile_filters(filters, NOW).matches(FINDING)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, True),
        ({"Title": strings("EQUALS", "s3 block public access setting should be enabled")}, False),
        ({"ComplianceStatus": strings("EQUALS", "PASSED", "FAILED")}, True),
        ({"ComplianceStatus": strings("NOT_EQUALS", "PASSED", "FAILED")}, False),
        ({"ComplianceStatus": strings("NOT_EQUALS", "PASSED", "WARNING")}, True),
        ({"Title": strings("PREFIX", "EC2", "S3 ")}, True),
        ({"Title": strings("PREFIX_NOT_EQUALS", "EC2", "S3 ")}, False),
        ({"Type": strings("PREFIX", "Effects")}, True),
        ({"ResourceType": strings("EQUALS", "AwsIamRole")}, True),
        ({"ResourceType": strings("NOT_EQUALS", "AwsIamRole")}, False),
        ({"ResourceType": strings("PREFIX", "Aws") + strings("NOT_EQUALS", "AwsIamUser")}, True),
        ({"ResourceType": strings("PREFIX", "Aws") + strings("NOT_EQUALS", "AwsS3Bucket")}, False),
        ({"NoteText": strings("NOT_EQUALS", "x")}, True),
        ({"NoteText": strings("EQUALS", "x")}, False),
        ({"NoteText": strings("PREFIX", "")}, False),
        ({"ResourceTags": [tag("EQUALS", "env", "prod")]}, True),
        ({"ResourceTags": [tag("EQUALS", "Env", "prod")]}, False),
        ({"ResourceTags": [tag("EQUALS", "env", "x"), tag("EQUALS", "Team", "x")]}, True),
        ({"ResourceTags": [tag("NOT_EQUALS", "env", "dev"), tag("NOT_EQUALS", "Team", "x")]}, False),
        ({"ResourceTags": [tag("NOT_EQUALS", "absent", "dev")]}, True),
        ({"Confidence": [{"Gte": 42, "Lte": 50}]}, True),
        ({"Confidence": [{"Gt": 42}, {"Eq": 41}]}, False),
        ({"Confidence": [{"Lt": 1}, {"Eq": 42}]}, True),
        ({"Sample": [{"Value": True}]}, True),
        ({"Sample": [{"Value": False}]}, False),
        ({"NetworkSourceIpV4": [{"Cidr": "10.0.0.0/8"}]}, True),
        ({"NetworkSourceIpV4": [{"Cidr": "192.168.0.0/16"}]}, False),
        ({"Keyword": [{"Value": "team-storage"}]}, True),
        ({"Keyword": [{"Value": "Team-Storage"}]}, False),
        ({"UpdatedAt": [{"Start": "2026-11-20T10:00:00.123Z", "End": "2026-11-20T10:00:00.123Z"}]}, True),
        ({"UpdatedAt": [{"Start": "2026-11-20T11:00:00.124+01:00", "End": "2026-11-21T00:00:00Z"}]}, False),
        ({"UpdatedAt": [{"DateRange": {"Value": 2, "Unit": "DAYS"}}]}, True),
        ({"UpdatedAt": [{"DateRange": {"Value": 1, "Unit": "DAYS"}}]}, False),
        ({"UpdatedAt": [{"DateRange": {"Value": 2, "Unit": "DAYS", "Comparison": "WITHIN"}}]}, True),
        ({"UpdatedAt": [{"DateRange": {"Value": 2, "Unit": "DAYS", "Comparison": "OLDER_THAN"}}]}, False),
        ({"UpdatedAt": [{"DateRange": {"Value": 1, "Unit": "DAYS", "Comparison": "OLDER_THAN"}}]}, True),
        ({"ComplianceStatus": strings("EQUALS", "FAILED"), "Title": strings("PREFIX", "EC2")}, False),
    ],
)
def test_a_filter_selects_as_aws_does(filters: Json, *, expected: bool) -> None:
    assert matches(filters) is expected


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        ({"UpdatedAt": [{"Start": "2026-11-20T10:00:00Z"}]}, "End"),
        ({"UpdatedAt": [{"End": "2026-11-20T10:00:00Z"}]}, "Start"),
        ({"UpdatedAt": [{"Start": "yesterday", "End": "2026-11-20T10:00:00Z"}]}, "ISO 8601"),
        ({"UpdatedAt": [{"Start": "2026-11-20", "End": "2026-11-21"}]}, "ISO 8601"),
        ({"UpdatedAt": [{"DateRange": {"Value": 0, "Unit": "DAYS"}}]}, "DateRange"),
        ({"Title": strings("EQUALS", "a") + strings("NOT_EQUALS", "b")}, "combined"),
        ({"Title": strings("EQUALS", "a") + strings("PREFIX_NOT_EQUALS", "b")}, "combined"),
        ({"Title": strings("CONTAINS", "S3")}, "CONTAINS is not supported"),
        ({"Title": strings("NOT_CONTAINS", "a")}, "NOT_CONTAINS is not supported"),
        ({"Title": strings("CONTAINS_WORD", "a")}, "CONTAINS_WORD is not supported"),
        ({"UserDefinedFields": [tag("CONTAINS", "owner", "stor")]}, "CONTAINS is not supported"),
        ({"ResourceTags": [tag("NOT_CONTAINS", "env", "dev")]}, "NOT_CONTAINS is not supported"),
        ({"Title": [{"Value": "a"}]}, "Comparison"),
        ({"Title": [{"Comparison": "EQUALS"}]}, "Value"),
        ({"Title": strings("EQUALS", *map(str, range(21)))}, "20"),
        ({"ResourceTags": [tag("EQUALS", "a", "b"), tag("NOT_EQUALS", "a", "c")]}, "combined"),
        ({"ResourceTags": [{"Value": "a", "Comparison": "EQUALS"}]}, "Key"),
        ({"Confidence": [{}]}, "comparison"),
        ({"NetworkSourceIpV4": [{"Cidr": "10.0.0.0/99"}]}, "CIDR"),
        ({"NoSuchField": strings("EQUALS", "a")}, "NoSuchField"),
        ({name: strings("EQUALS", "a") for name in list(PATHS)[:11]}, "10 attributes"),
    ],
)
def test_what_aws_refuses_is_refused(filters: Json, told: str) -> None:
    with pytest.raises(ApiError, match=told) as refusal:
        compile_filters(filters, NOW)
    assert refusal.value.code == "InvalidInputException"


def test_every_attribute_of_the_model_is_known() -> None:
    assert {*PATHS, "Keyword"} == set(shape_model("AwsSecurityFindingFilters").members)
    assert len(PATHS) + 1 >= 107, "what GetFindings could be filtered by in botocore 1.43"


# An independent oracle: findings as flat rows, filters told in words, no code shared with the emulator.

VALUES: dict[str, list[str | None]] = {
    "AwsAccountId": ["111111111111", "222222222222", "333333333333"],
    "Region": ["eu-west-1", "us-east-1"],
    "ProductName": ["Security Hub", "GuardDuty", "Sec"],
    "RecordState": ["ACTIVE", "ARCHIVED"],
    "WorkflowStatus": ["NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"],
    "ComplianceStatus": ["PASSED", "FAILED", "WARNING", None],
    "SeverityLabel": ["LOW", "CRITICAL", None],
    "GeneratorId": ["security-control/S3.1", "security-control/S3.11", "security-control/s3.1"],
    "Title": ["S3.1 a", "s3.1 A", "ünï"],
}
TIMES = [f"2026-11-20T10:00:00.{number:03}Z" for number in range(6)]


def finding_of(row: Json, number: int) -> Json:
    finding: Json = {
        "Id": f"finding/{number}",
        "ProductArn": f"arn:aws:securityhub:{row['Region']}::product/aws/{row['ProductName']}",
        "AwsAccountId": row["AwsAccountId"],
        "Region": row["Region"],
        "ProductName": row["ProductName"],
        "RecordState": row["RecordState"],
        "Workflow": {"Status": row["WorkflowStatus"]},
        "GeneratorId": row["GeneratorId"],
        "Title": row["Title"],
        "UpdatedAt": row["UpdatedAt"],
    }
    if row["ComplianceStatus"] is not None:
        finding["Compliance"] = {"Status": row["ComplianceStatus"]}
    if row["SeverityLabel"] is not None:
        finding["Severity"] = {"Label": row["SeverityLabel"]}
    return finding


def oracle(row: Json, filters: Json) -> bool:
    for name, entries in filters.items():
        value = row[name]
        if name == "UpdatedAt":
            moment = datetime.fromisoformat(value)
            inside = [
                datetime.fromisoformat(it["Start"]) <= moment <= datetime.fromisoformat(it["End"])
                for it in entries
            ]
            if not any(inside):
                return False
            continue
        wanted: list[bool] = []
        unwanted: list[bool] = []
        for entry in entries:
            text, how = entry["Value"], entry["Comparison"]
            hit = (
                value is not None
                and {
                    "EQUALS": value == text,
                    "PREFIX": value[: len(text)] == text,
                }[{"PREFIX_NOT_EQUALS": "PREFIX"}.get(how, how.removeprefix("NOT_"))]
            )
            (unwanted if "NOT" in how else wanted).append(hit)
        if wanted and not any(wanted):
            return False
        if any(unwanted):
            return False
    return True


rows = st.fixed_dictionaries(
    {name: st.sampled_from(values) for name, values in VALUES.items()} | {"UpdatedAt": st.sampled_from(TIMES)}
)
COMBINATIONS = [
    ["EQUALS"],
    ["PREFIX"],
    ["EQUALS", "PREFIX"],
    ["NOT_EQUALS"],
    ["NOT_EQUALS", "PREFIX_NOT_EQUALS"],
    ["PREFIX", "NOT_EQUALS"],
]


@st.composite
def string_filters(draw: st.DrawFn, name: str) -> list[Json]:
    texts = [text for text in VALUES[name] if text is not None]
    texts += [text[:4] for text in texts]
    return [
        {"Value": draw(st.sampled_from(texts)), "Comparison": comparison}
        for comparison in draw(st.sampled_from(COMBINATIONS))
        for _ in range(draw(st.integers(1, 2)))
    ]


@st.composite
def date_filters(draw: st.DrawFn) -> list[Json]:
    windows = []
    for _ in range(draw(st.integers(1, 2))):
        start, end = sorted(draw(st.tuples(st.sampled_from(TIMES), st.sampled_from(TIMES))))
        windows.append({"Start": start, "End": end})
    return windows


filter_sets = st.fixed_dictionaries(
    {}, optional={name: string_filters(name) for name in VALUES} | {"UpdatedAt": date_filters()}
)
sortings = st.sampled_from(
    [
        [],
        [{"Field": "UpdatedAt", "SortOrder": "asc"}],
        [{"Field": "UpdatedAt", "SortOrder": "desc"}],
        [{"Field": "SeverityLabel", "SortOrder": "desc"}, {"Field": "Title", "SortOrder": "asc"}],
        [{"Field": "ComplianceStatus", "SortOrder": "asc"}],
    ]
)
views = st.sampled_from(
    [
        View(),
        View(frozenset({"111111111111"}), frozenset({"eu-west-1"})),
        View(frozenset({"111111111111", "333333333333"}), None),
        View(None, frozenset({"us-east-1"})),
    ]
)


def all_pages(
    store: Store, query: Query, criteria: list[Json], stale: dict[int, StaleCopy | None] | None = None
) -> list[str]:
    sorting = sorting_of(criteria)
    found: list[str] = []
    query = replace(query, sorting=sorting, stale=stale or {})
    while True:
        page = fetch(store, query)
        found += [json.loads(row.body)["Id"] for row in page.rows]
        if not page.more:
            return found
        # Positions pass through JSON, as they do in NextTokens.
        plain = json.loads(json.dumps(sorting.plain(page.rows[-1].position)))
        query = replace(query, after=sorting.restore(plain))


@examples(150)
@given(
    content=st.lists(rows, max_size=30),
    filters=filter_sets,
    criteria=sortings,
    view=views,
    limit=st.integers(1, 9),
)
def test_pages_are_what_the_oracle_selects(
    content: list[Json], filters: Json, criteria: list[Json], view: View, limit: int
) -> None:
    findings = [finding_of(row, number) for number, row in enumerate(content)]
    expected = {
        f"finding/{number}"
        for number, row in enumerate(content)
        if oracle(row, filters) and view.shows(row["AwsAccountId"], row["Region"])
    }
    compiled = compile_filters(filters, NOW)
    with Store() as store:
        for _ in store.load(map(encode, findings)):
            pass
        found = all_pages(store, Query(compiled, view, Sorting(()), limit), criteria)
        assert count(store, compiled, view) == len(expected)
    assert len(found) == len(set(found))
    assert set(found) == expected
    _assert_sorted(found, findings, criteria)


def _assert_sorted(found: list[str], findings: list[Json], criteria: list[Json]) -> None:
    by_id = {finding["Id"]: finding for finding in findings}
    field = criteria[0]["Field"] if criteria else "UpdatedAt"
    parent, _, child = {
        "SeverityLabel": "Severity.Label",
        "ComplianceStatus": "Compliance.Status",
    }.get(field, field).partition(".")
    values = [by_id[it].get(parent) for it in found]
    values = [value[child] if child and value else value for value in values]
    present = [value for value in values if value is not None]
    down = not criteria or criteria[0]["SortOrder"] == "desc"
    assert present == sorted(present, reverse=down)


@examples(60)
@given(
    content=st.lists(rows, min_size=1, max_size=15),
    older=st.lists(st.one_of(st.none(), rows), min_size=1, max_size=5),
    filters=filter_sets,
    criteria=sortings,
    limit=st.integers(1, 5),
)
def test_stale_copies_are_filtered_and_sorted_by_what_they_say(
    content: list[Json], older: list[Json | None], filters: Json, criteria: list[Json], limit: int
) -> None:
    older = older[: len(content)]
    shown: dict[int, Json | None] = {**dict(enumerate(content)), **dict(enumerate(older))}
    expected = {
        f"finding/{number}" for number, row in shown.items() if row is not None and oracle(row, filters)
    }
    with Store() as store:
        for _ in store.load(encode(finding_of(row, number)) for number, row in enumerate(content)):
            pass
        stale: dict[int, StaleCopy | None] = {}
        for number, row in enumerate(older):
            body = encode(finding_of(row, number)) if row is not None else None
            stale[number + 1] = StaleCopy(keys_of(body), body) if body is not None else None
        found = all_pages(
            store, Query(compile_filters(filters, NOW), View(), Sorting(()), limit), criteria, stale
        )
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_a_malformed_finding_is_found_by_what_it_does_say() -> None:
    malformed = b'{"Id": "x", "AwsAccountId": 5, "UpdatedAt": "soon", "Workflow": [], "Compliance": "FAILED"}'
    keys = keys_of(malformed)
    assert (keys.id, keys.account, keys.updated, keys.workflow, keys.compliance) == ("x", None, 0, None, None)
    assert keys_of(b"{").id is None


def test_seqs_stay_through_changes_and_counts_follow() -> None:
    with Store() as store:
        first = store.add(encode(FINDING))
        second = store.add(encode({**FINDING, "Id": "2", "AwsAccountId": "222222222222"}))
        store.replace(first, encode({**FINDING, "AwsAccountId": "222222222222"}))
        assert store.account_counts == {"222222222222": 2}
        store.delete(second)
        assert [seq for seq, _ in store.all_bodies()] == [first]
        assert len(store) == 1
        with pytest.raises(KeyError):
            store.delete(second)
