import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.api.patterns import compile_pattern
from posture.domain.grants import (
    AskedDocument,
    Builtin,
    Document,
    DocumentGrant,
    Grant,
    IdentityGrant,
    Mode,
    NotGranted,
    RemediationGrant,
    Verb,
    may_use_identity,
)

ROLE = "arn:aws:iam::111122223333:role/posture-reader"
A, B, C = "111122223333", "444455556666", "777788889999"
SCORE = frozenset({Verb.SCORE})
ALL_VERBS = frozenset(Verb)
OPEN = Grant(namespaces=("*",), role_arns=("arn:aws:iam::*:role/*",), accounts=("*",), verbs=ALL_VERBS)


def granted(grants: list[Grant], namespace: str = "security", role: str | None = ROLE) -> IdentityGrant:
    answer = may_use_identity(grants, namespace, role)
    assert isinstance(answer, IdentityGrant), answer
    return answer


def refused(grants: list[Grant], namespace: str = "security", role: str | None = ROLE) -> NotGranted:
    answer = may_use_identity(grants, namespace, role)
    assert isinstance(answer, NotGranted), answer
    return answer


def test_nothing_is_allowed_that_is_not_granted() -> None:
    assert refused([]).reason == "NotGranted"
    refused([Grant()])
    refused([], role=None)
    refused([Grant()], role=None)


@pytest.mark.parametrize(
    "grant",
    [
        Grant(role_arns=("arn:aws:iam::*:role/*",), accounts=("*",), verbs=ALL_VERBS),
        Grant(namespaces=("*",), accounts=("*",), verbs=ALL_VERBS),
    ],
)
def test_an_omitted_namespace_or_role_grants_nothing(grant: Grant) -> None:
    refused([grant])


def test_omitted_accounts_or_verbs_grant_an_identity_that_may_do_nothing() -> None:
    no_accounts = granted([Grant(namespaces=("security",), role_arns=(ROLE,), verbs=ALL_VERBS)])
    no_verbs = granted([Grant(namespaces=("security",), role_arns=(ROLE,), accounts=("*",))])
    for identity in (no_accounts, no_verbs):
        assert identity.accounts == ()
        assert not identity.sees(A)
        assert all(identity.why_not(verb) for verb in Verb)
        assert all(identity.why_not(verb, A) for verb in Verb)


@pytest.mark.parametrize(
    ("glob", "namespace"),
    [
        ("security", "security-evil"),
        ("security", "evil-security"),
        ("security", "securit"),
        ("security", "Security"),
        ("security", "security\n"),
        ("security", "ѕecurity"),  # noqa: RUF001 -- a Cyrillic letter: the attack
        ("security", "security\u200b"),
        ("team-*", "team"),
        ("team-*", "ateam-a"),
        ("team-?", "team-ab"),
        ("team.a", "team-a"),
        ("team-[ab]", "team-a"),
        ("(a|b)", "a"),
        ("*", ""),
        ("*", "a/b"),
        ("*", "a b"),
        ("", ""),
    ],
)
def test_another_namespace_gets_nothing(glob: str, namespace: str) -> None:
    grant = Grant((glob,), ambient_identity=True, role_arns=(ROLE,), accounts=("*",), verbs=ALL_VERBS)
    refused([grant], namespace)
    refused([grant], namespace, None)


@pytest.mark.parametrize(
    ("glob", "namespace"), [("security", "security"), ("team-*", "team-a-b"), ("*", "x")]
)
def test_a_named_namespace_is_let_in(glob: str, namespace: str) -> None:
    granted([Grant((glob,), role_arns=(ROLE,))], namespace)


@pytest.mark.parametrize(
    ("glob", "role"),
    [
        ("arn:aws:iam::111122223333:role/posture-*", "arn:aws:iam::111122223333:role/posture-x/evil"),
        ("arn:aws:iam::111122223333:role/posture-*", "arn:aws:iam::111122223333:role/evil/posture-x"),
        ("arn:aws:iam::111122223333:role/posture-*", "arn:aws:iam::444455556666:role/posture-x"),
        ("arn:aws:iam::111122223333:role/posture-*", "arn:aws:iam::111122223333:user/posture-x"),
        ("arn:aws:iam::111122223333:role/posture-*", "arn:aws-cn:iam::111122223333:role/posture-x"),
        ("arn:aws:iam::111122223333:role/posture-*", "arn:aws:iam::111122223333:role/Posture-x"),
        ("arn:aws:iam::111122223333:role/posture-*", "arn:aws:iam::111122223333:role/posture-x\n"),
        ("arn:aws:iam::111122223333:role/posture-*", "arn:aws:iam::111122223333:role/posture-é"),
        ("arn:aws:iam::111122223333:role/posture-*", "x arn:aws:iam::111122223333:role/posture-x"),
        ("arn:aws:iam::*:role/posture-reader", "arn:aws:iam::444455556666:role/x:role/posture-reader"),
        ("arn:aws:iam::*:role/posture-reader", "arn:aws:iam::444455556666:role/x/posture-reader"),
        ("arn:aws:iam::*:role/teams/*/reader", "arn:aws:iam::444455556666:role/teams/a/b/reader"),
        ("arn:aws:iam::*:role/teams/*/reader", "arn:aws:iam::444455556666:role/teams/reader"),
        ("arn:aws:iam::?:role/posture-reader", ROLE),
        ("arn:aws:iam::111122223333:role?posture-reader", ROLE),
        ("arn:aws:iam::111122223333:role.posture-reader", ROLE),
        ("arn:*", ROLE),
        ("*", ROLE),
        ("", ROLE),
        ("arn:aws:sts::*:role/*", ROLE),
        ("arn:aws:iam::*:role/*", "arn:aws:iam::٤٤٤٤٥٥٥٥٦٦٦٦:role/x"),
        ("arn:aws:iam::*:role/*", "arn:aws:iam::1111:role/x"),
        ("arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/"),
    ],
)
def test_another_role_is_not_let_in(glob: str, role: str) -> None:
    refused([Grant(("security",), ambient_identity=True, role_arns=(glob,))], role=role)


@pytest.mark.parametrize(
    ("glob", "role"),
    [
        (ROLE, ROLE),
        ("arn:aws:iam::*:role/posture-*", ROLE),
        ("arn:aws*:iam::*:role/*", "arn:aws-us-gov:iam::444455556666:role/x"),
        ("arn:aws:iam::11112222333?:role/posture-reader", ROLE),
        ("arn:aws:iam::*:role/teams/*/reader", "arn:aws:iam::444455556666:role/teams/a/reader"),
    ],
)
def test_a_named_role_is_let_in(glob: str, role: str) -> None:
    granted([Grant(("security",), role_arns=(glob,))], role=role)


def test_the_operators_own_identity_is_granted_by_itself_only() -> None:
    refused([OPEN], role=None)
    ambient = Grant(("security",), ambient_identity=True, accounts=("*",), verbs=SCORE)
    assert granted([ambient], role=None).why_not(Verb.SCORE, A) is None
    refused([ambient], role=ROLE)


def test_namespaces_of_one_grant_do_not_get_the_roles_of_another() -> None:
    grants = [Grant(("security",), role_arns=(ROLE,)), Grant(("team",), ambient_identity=True)]
    refused(grants, "team", ROLE)
    refused(grants, "security", None)


def test_accounts_of_one_grant_do_not_get_the_verbs_of_another() -> None:
    identity = granted(
        [
            Grant(("security",), role_arns=(ROLE,), accounts=(A,), verbs=SCORE | {Verb.SUPPRESS}),
            Grant(("security",), role_arns=(ROLE,), accounts=(B,), verbs=SCORE),
            Grant(("security",), role_arns=(ROLE,), accounts=(C,), verbs=frozenset({Verb.SUPPRESS})),
        ]
    )
    assert identity.accounts == (A, B)
    assert [identity.sees(account) for account in (A, B, C)] == [True, True, False]
    assert identity.why_not(Verb.SUPPRESS, A) is None
    assert identity.why_not(Verb.SUPPRESS, B)
    # Not visible, so never written to.
    assert identity.why_not(Verb.SUPPRESS, C)
    assert identity.why_not(Verb.REMEDIATE, A)


@pytest.mark.parametrize("account", ["", "1", "1111222233334", "11112222333\n", "٤٤٤٤٥٥٥٥٦٦٦٦", "*"])
def test_what_is_no_account_id_is_not_seen_even_by_a_star(account: str) -> None:
    assert not granted([OPEN]).sees(account)
    assert granted([OPEN]).why_not(Verb.SCORE, account)


def test_the_external_id_is_that_of_the_first_grant_with_one_and_never_shown() -> None:
    plain = Grant(("security",), role_arns=(ROLE,))
    secret = Grant(("security",), ambient_identity=True, role_arns=(ROLE,), external_id="s3cr3t")
    identity = granted([plain, secret])
    assert identity.external_id == "s3cr3t"
    assert "s3cr3t" not in repr(identity)
    assert granted([plain]).external_id is None
    assert granted([secret], role=None).external_id is None
    other = Grant(("team",), role_arns=(ROLE,))
    assert granted([secret, other], "team").external_id is None


REMEDY = Grant(
    ("security",),
    role_arns=(ROLE,),
    accounts=(A,),
    verbs=ALL_VERBS,
    disable_controls_role_names=("posture-controls",),
    remediation=RemediationGrant(
        role_names=("posture-remediation",),
        max_mode=Mode.ENFORCE,
        builtins=("s3-*",),
        documents=(DocumentGrant("AWS-Close", "Amazon", {"GroupId": compile_pattern("^sg-[0-9a-f]+$")}),),
    ),
)


def test_controls_are_disabled_through_a_granted_role_only() -> None:
    identity = granted([REMEDY, Grant(("security",), role_arns=(ROLE,), accounts=(B,), verbs=ALL_VERBS)])
    assert identity.why_not_disable_controls(A, "posture-controls") is None
    for account, role in (
        (A, "admin"),
        (B, "posture-controls"),
        (A, "posture-controls/x"),
        (A, "posture-remediation"),
    ):
        assert identity.why_not_disable_controls(account, role), (account, role)


def test_a_role_name_is_a_name_even_for_a_star() -> None:
    remediation = RemediationGrant(("*",), Mode.ENFORCE, ("*",))
    grant = Grant(("security",), False, (ROLE,), None, ("*",), ALL_VERBS, ("*",), remediation)  # noqa: FBT003 -- no ambient identity
    for role in ("path/name", "", "name\n", "arn:aws:iam::111122223333:role/name", "é"):
        assert granted([grant]).why_not_disable_controls(A, role), role
        assert granted([grant]).why_not_remediate(A, role, Mode.DRY_RUN, Builtin("x")), role


@pytest.mark.parametrize(
    ("account", "role", "mode", "action"),
    [
        (A, "posture-remediation", Mode.ENFORCE, Builtin("s3-block")),
        (A, "posture-remediation", Mode.DRY_RUN, Builtin("s3-block")),
        (
            A,
            "posture-remediation",
            Mode.ENFORCE,
            Document("AWS-Close", "Amazon", {"GroupId": ["sg-1", "sg-2"]}),
        ),
        (A, "posture-remediation", Mode.ENFORCE, Document("AWS-Close", "Amazon")),
    ],
)
def test_a_granted_remediation(account: str, role: str, mode: Mode, action: Builtin | Document) -> None:
    assert granted([REMEDY]).why_not_remediate(account, role, mode, action) is None


@pytest.mark.parametrize(
    ("account", "role", "action"),
    [
        (B, "posture-remediation", Builtin("s3-block")),
        (A, "posture-controls", Builtin("s3-block")),
        (A, "posture-remediation", Builtin("ec2-close")),
        (A, "posture-remediation", Document("AWS-Open", "Amazon")),
        (A, "posture-remediation", Document("AWS-Close", "444455556666")),
        (A, "posture-remediation", Document("aws-close", "Amazon")),
        (A, "posture-remediation", Document("AWS-Close", "Amazon", {"GroupId": ["sg-1", "vpc-1"]})),
        (A, "posture-remediation", Document("AWS-Close", "Amazon", {"GroupId": ["sg-1\n"]})),
        (A, "posture-remediation", Document("AWS-Close", "Amazon", {"GroupId": ["xsg-1"]})),
        (A, "posture-remediation", Document("AWS-Close", "Amazon", {"AutomationAssumeRole": ["x"]})),
    ],
)
def test_a_remediation_that_is_not_granted(account: str, role: str, action: Builtin | Document) -> None:
    elsewhere = Grant(("security",), role_arns=(ROLE,), accounts=(B,), verbs=ALL_VERBS)
    assert granted([REMEDY, elsewhere]).why_not_remediate(account, role, Mode.DRY_RUN, action)


@pytest.mark.parametrize(
    ("document", "allowed"),
    [
        (AskedDocument("AWS-Close"), True),
        (AskedDocument("AWS-Close", {"GroupId": []}), True),
        (AskedDocument("AWS-Close", {"GroupId": ["sg-1"]}), True),
        (AskedDocument("AWS-Close", {"GroupId": ["vpc-1"]}), False),
        (AskedDocument("AWS-Close", {"AutomationAssumeRole": []}), False),
        (AskedDocument("AWS-Open"), False),
    ],
)
def test_a_document_may_be_planned_before_its_owner_is_known(document: AskedDocument, allowed: bool) -> None:
    refusal = granted([REMEDY]).why_not_remediate(A, "posture-remediation", Mode.ENFORCE, document)
    assert (refusal is None) is allowed
    if refusal is not None:
        assert '"owner": "Amazon"' in refusal.line


def test_an_expression_must_match_the_whole_value_even_without_anchors() -> None:
    grant = Grant(
        ("security",),
        role_arns=(ROLE,),
        accounts=("*",),
        verbs=ALL_VERBS,
        remediation=RemediationGrant(
            ("r",), Mode.ENFORCE, (), (DocumentGrant("D", "Amazon", {"P": compile_pattern("a|b")}),)
        ),
    )
    allowed = [
        granted([grant]).why_not_remediate(A, "r", Mode.ENFORCE, Document("D", "Amazon", {"P": [value]}))
        is None
        for value in ("a", "b", "ab", "xa")
    ]
    assert allowed == [True, True, False, False]


@pytest.mark.parametrize(
    ("most", "mode", "allowed"),
    [
        (Mode.ENFORCE, Mode.ENFORCE, True),
        (Mode.ENFORCE, Mode.DRY_RUN, True),
        (Mode.DRY_RUN, Mode.DRY_RUN, True),
        (Mode.DRY_RUN, Mode.ENFORCE, False),
        (None, Mode.DRY_RUN, False),
        (None, Mode.ENFORCE, False),
    ],
)
def test_the_mode_goes_no_further_than_granted(*, most: Mode | None, mode: Mode, allowed: bool) -> None:
    grant = Grant(
        ("security",),
        role_arns=(ROLE,),
        accounts=("*",),
        verbs=ALL_VERBS,
        remediation=RemediationGrant(("r",), most, ("*",)),
    )
    assert (granted([grant]).why_not_remediate(A, "r", mode, Builtin("x")) is None) is allowed


_NAMES = st.sampled_from(["a", "ab", "b", "a*", "*", "?b"])
_ACCOUNTS = st.sampled_from([A, B, "1111*", "*"])
_GRANTS = st.lists(
    st.builds(
        Grant,
        namespaces=st.lists(_NAMES, max_size=2).map(tuple),
        ambient_identity=st.booleans(),
        role_arns=st.lists(_NAMES.map(lambda name: f"arn:aws:iam::*:role/{name}"), max_size=2).map(tuple),
        accounts=st.lists(_ACCOUNTS, max_size=2).map(tuple),
        verbs=st.frozensets(st.sampled_from(list(Verb))),
    ),
    max_size=4,
)


def _fits(globs: tuple[str, ...], value: str) -> bool:
    translated = (re.escape(glob).replace(r"\*", "[^:/]*").replace(r"\?", "[^:/]") for glob in globs)
    return any(re.fullmatch(each, value) for each in translated)


@given(
    _GRANTS,
    st.sampled_from(["a", "ab", "b"]),
    st.none() | st.sampled_from(["a", "ab", "b"]),
    st.sampled_from([A, B]),
    st.sampled_from(list(Verb)),
)
def test_agrees_with_the_sentence_that_a_grant_is(
    grants: list[Grant], namespace: str, role: str | None, account: str, verb: Verb
) -> None:
    arn = None if role is None else f"arn:aws:iam::{C}:role/{role}"

    def covers(grant: Grant, wanted: Verb) -> bool:
        identity = grant.ambient_identity if arn is None else _fits(grant.role_arns, arn)
        return (
            identity
            and _fits(grant.namespaces, namespace)
            and wanted in grant.verbs
            and _fits(grant.accounts, account)
        )

    expected = any(covers(g, verb) for g in grants) and any(covers(g, Verb.SCORE) for g in grants)
    answer = may_use_identity(grants, namespace, arn)
    assert (isinstance(answer, IdentityGrant) and answer.why_not(verb, account) is None) is expected
