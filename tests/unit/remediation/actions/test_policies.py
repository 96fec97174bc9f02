"""Policies of resources: the same meaning in whatever spelling, and the statement that requires TLS."""

import json
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import LiveState, Refused, Situation
from posture.remediation.actions.policies import lost_principals, meaning_of, read_document
from posture.remediation.actions.s3.bucket_require_tls import ACTION
from tests.support.examples import examples

BUCKET = "arn:aws:s3:::b"
SITUATION = Situation(0, frozenset({"S3.5"}))
VALUES = ACTION.configure({})

names = st.sampled_from(["a", "b", "c"])
lists = st.lists(names, min_size=1, max_size=3)
statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Action": lists,
        "Resource": lists,
        "Principal": st.just("*") | st.fixed_dictionaries({"AWS": lists}),
    },
    optional={
        "Sid": names,
        "Condition": st.dictionaries(names, st.dictionaries(names, lists, max_size=2), max_size=2),
    },
)
policies = st.fixed_dictionaries(
    {"Version": st.just("2012-10-17"), "Statement": st.lists(statements, min_size=1, max_size=3)}
)
PLACES = ("Effect", "Action", "Resource", "Principal", "Sid", "Condition")


def respelled(value: Any, random: Random, *, inside: bool = False) -> Any:
    """The same document as another hand would write it; lists of one stand for what is in them."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda _: random.random())
        return {key: respelled(value[key], random, inside=True) for key in keys}
    if isinstance(value, list) and inside:
        shuffled = [respelled(each, random) for each in sorted(value, key=lambda _: random.random())]
        return shuffled[0] if len(shuffled) == 1 and random.random() < 0.5 else shuffled
    return value


def asks(policy: Any) -> list[str]:
    """What a policy decides about, one line for each statement: slow, and nothing but sets."""
    lines = []
    for statement in policy["Statement"]:
        said = {}
        for place in PLACES:
            value = statement.get(place)
            if place == "Condition":
                value = [
                    (how, key, sorted(values))
                    for how, keys in (value or {}).items()
                    for key, values in keys.items()
                ]
            elif isinstance(value, dict):
                value = [(kind, sorted(values)) for kind, values in value.items()]
            said[place] = sorted(value, key=repr) if isinstance(value, list) else value
        lines.append(repr(said))
    return sorted(lines)


@examples(200)
@given(policy=policies, seed=st.integers(0, 2**16))
def test_another_spelling_has_the_same_meaning(policy: Any, seed: int) -> None:
    text = json.dumps(respelled(deepcopy(policy), Random(seed)))
    assert meaning_of(read_document(text)) == meaning_of(policy)


@examples(200)
@given(first=policies, second=policies)
def test_another_policy_has_another_meaning(first: Any, second: Any) -> None:
    empty = [
        each
        for each in (first, second)
        for one in each["Statement"]
        if {} in one.get("Condition", {}).values()
    ]
    if not empty:
        assert (meaning_of(first) == meaning_of(second)) == (asks(first) == asks(second))


def test_truths_are_written_as_texts() -> None:
    conditions = [{"Bool": {"aws:SecureTransport": value}} for value in (False, "false", ["false"], [False])]
    meanings = [meaning_of({"Statement": {"Condition": each}}) for each in conditions]
    assert meanings == meanings[:1] * 4


@pytest.mark.parametrize(
    "spellings",
    [
        ["*", {"AWS": "*"}, {"AWS": ["*"]}],
        [{"AWS": "111122223333"}, {"AWS": ["arn:aws:iam::111122223333:root"]}],
        [{"AWS": "444455556666"}, {"AWS": "arn:aws-cn:iam::444455556666:root"}],
    ],
)
def test_principals_have_two_spellings(spellings: list[Any]) -> None:
    meanings = [meaning_of({"Statement": {"Principal": each}}) for each in spellings]
    assert meanings == meanings[:1] * len(spellings)
    for other in ({"Service": "*"}, {"AWS": "arn:aws:iam::111122223333:user/root"}, {"AWS": ["*", "1"]}):
        assert meaning_of({"Statement": {"Principal": other}}) not in meanings


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "1",
        "{}",
        '{"Statement": null}',
        '{"Statement": ["a"]}',
        '{"Statement": [[]]}',
        '{"Statement": {"Condition": []}}',
        '{"Statement": {"Condition": {"Bool": "false"}}}',
        '{"Statement": ' + "[" * 100_000,
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_policy_cannot_be_read(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read_document(text)
    assert refused.value.reason is Reason.UNREADABLE


@pytest.mark.parametrize(
    ("principal", "lost"),
    [
        ("*", []),
        ({"AWS": "*"}, []),
        ({"AWS": ["arn:aws:iam::111122223333:root", "111122223333"]}, []),
        ({"Service": "cloudtrail.amazonaws.com"}, []),
        ({"AWS": "AIDAQ3EGSIEXAMPLE1234"}, ["AIDAQ3EGSIEXAMPLE1234"]),
        ({"AWS": ["arn:aws:iam::111122223333:role/r", "AROAQ3EGSIEXAMPLE1234"]}, ["AROAQ3EGSIEXAMPLE1234"]),
    ],
)
def test_principals_that_are_there_no_more(principal: Any, lost: list[str]) -> None:
    for member in ("Principal", "NotPrincipal"):
        assert lost_principals({"Statement": {member: principal}}) == lost


OURS: dict[str, Any] = {
    "Sid": "PostureRequireTls",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [BUCKET, f"{BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
ALLOW = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "s3:GetObject", "Resource": "*"}


def state_of(*listed: dict[str, Any], website: bool = False) -> LiveState:
    document = {"Version": "2012-10-17", "Statement": list(listed)}
    about = {"text": json.dumps(document), "website": website, "bucket": BUCKET}
    return LiveState({"policy": meaning_of(document)}, about)


@pytest.mark.parametrize(
    "statement",
    [
        OURS,
        OURS | {"Sid": "other"},
        OURS | {"Principal": {"AWS": "*"}},
        OURS | {"Principal": {"AWS": ["*"]}},
        OURS | {"Action": "*"},
        OURS | {"Action": ["s3:*"]},
        OURS | {"Resource": "*"},
        OURS | {"Resource": [f"{BUCKET}/*", BUCKET, "arn:aws:s3:::other"]},
        OURS | {"Condition": {"Bool": {"AWS:securetransport": [False]}}},
    ],
)
def test_a_policy_that_requires_tls_is_right(statement: dict[str, Any]) -> None:
    assert ACTION.judge(state_of(ALLOW, statement), VALUES, SITUATION) == ((), ())


@pytest.mark.parametrize(
    "statement",
    [
        ALLOW,
        OURS | {"Effect": "Allow"},
        OURS | {"Principal": {"AWS": "111122223333"}},
        OURS | {"Principal": {"Service": "*"}},
        OURS | {"Action": "s3:GetObject"},
        OURS | {"Resource": [f"{BUCKET}/*"]},
        OURS | {"Resource": [BUCKET, "arn:aws:s3:::b2/*"]},
        OURS | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        OURS | {"Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}},
        OURS
        | {
            "Condition": {
                "Bool": {"aws:SecureTransport": "false"},
                "StringEquals": {"aws:PrincipalAccount": "1"},
            }
        },
        {name: value for name, value in OURS.items() if name != "Condition"},
    ],
)
def test_ours_is_added_to_whatever_does_less(statement: dict[str, Any]) -> None:
    other = {name: value for name, value in statement.items() if name != "Sid"}
    (wrong,) = ACTION.judge(state_of(other), VALUES, SITUATION).wrong
    assert json.loads(wrong.handle["after"])["Statement"] == [other, OURS]
    assert wrong.after == meaning_of(json.loads(wrong.handle["after"]))
    assert wrong.before == meaning_of(json.loads(wrong.handle["before"]))


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (OURS | {"Action": "s3:GetObject"}, Reason.NOT_SUPPORTED),
        (ALLOW | {"Principal": {"AWS": "AIDAQ3EGSIEXAMPLE1234"}}, Reason.NOT_SUPPORTED),
        (ALLOW | {"Resource": [f"{BUCKET}/{number:04}" for number in range(1400)]}, Reason.NOT_SUPPORTED),
    ],
    ids=["our Sid", "a user that was deleted", "no room"],
)
def test_policies_that_it_leaves(statement: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        ACTION.judge(state_of(statement), VALUES, SITUATION)
    assert refused.value.reason is reason
