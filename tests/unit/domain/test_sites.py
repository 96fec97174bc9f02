"""Where policies have written: what is recorded is read back, and what anybody else put there is harmless."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.exceptions.sites import (
    MAX_SITES,
    MAX_TROUBLE,
    Site,
    added,
    format_sites,
    in_trouble,
    parse_sites,
    without,
)

ROLE = "arn:aws:iam::111122223333:role/posture-reader"
HERE = Site("111122223333", "eu-west-1", ROLE)
ITSELF = Site("444455556666", "us-gov-east-1", None)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40) | st.sampled_from([ROLE, "eu-west-1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["account", "region", "roleArn", "trouble"]), inner, max_size=4)
    ),
    max_leaves=20,
)


def test_what_is_recorded_is_read_back() -> None:
    troubled = in_trouble((HERE, ITSELF), HERE, "the role is gone")
    assert parse_sites(format_sites((HERE, ITSELF))) == (HERE, ITSELF)
    assert parse_sites(format_sites(troubled)) == troubled != (HERE, ITSELF)
    assert in_trouble(troubled, HERE, "") == (HERE, ITSELF)
    assert len(in_trouble((HERE,), HERE, "x" * 9_999)[0].trouble) == MAX_TROUBLE
    assert parse_sites(None) == parse_sites("") == parse_sites("{") == parse_sites("7") == ()


@given(json_values | st.lists(json_values, max_size=30))
def test_nothing_that_is_read_leads_anywhere_but_to_an_account_a_region_and_its_role(value: Any) -> None:
    found = parse_sites(json.dumps(value))
    assert len(found) <= MAX_SITES
    for each in found:
        assert each.account_id.isdecimal()
        assert "." not in each.region
        assert "/" not in each.region
        assert each.role_arn is None or f"::{each.account_id}:" in each.role_arn
    assert parse_sites(format_sites(found)) == found


@pytest.mark.parametrize(
    "change",
    [
        {"region": "eu-west-1.evil.example"},
        {"region": "eu-west-1\n"},
        {"account": "444455556666"},
        {"account": "11112222333"},
        {"account": 111122223333},
        {"roleArn": "posture-reader"},
        {"roleArn": 7},
        {"trouble": {}},
    ],
)
def test_an_entry_that_makes_no_sense_is_left_out(change: dict[str, Any]) -> None:
    good = json.loads(format_sites((HERE,)))
    assert parse_sites(json.dumps(good)) == (HERE,)
    assert parse_sites(json.dumps([{**good[0], **change}, *json.loads(format_sites((ITSELF,)))])) == (ITSELF,)


def test_one_security_hub_is_recorded_once_through_whatever_role() -> None:
    other_role = HERE._replace(role_arn="arn:aws:iam::111122223333:role/posture-writer", trouble="gone")
    assert added((other_role, ITSELF), HERE) == (ITSELF, HERE)
    assert without((other_role, ITSELF), HERE) == (ITSELF,)
    assert HERE.is_seen_by(other_role.role_arn, "eu-west-1")
    assert not HERE.is_seen_by(ROLE, "eu-west-2")
    assert not HERE.is_seen_by("arn:aws:iam::444455556666:role/posture-reader", "eu-west-1")
    assert not HERE.is_seen_by(None, "eu-west-1")
    assert ITSELF.is_seen_by(None, "us-gov-east-1")


def test_a_full_record_takes_no_more() -> None:
    full = tuple(Site(f"{number:012}", "eu-west-1", None) for number in range(MAX_SITES))
    assert added(full, HERE) is None
    assert added(full, full[3]) == (*full[:3], *full[4:], full[3])
