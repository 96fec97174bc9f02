"""What may be shown of a text that AWS, a proxy or a library wrote."""

import pytest

from posture.domain.text import LONGEST_MESSAGE, REMOVED, message_of_others, without_secrets

TOKEN = "IQoJb3JpZ2luX2VjE" + "Ab/+9" * 60 + "=="
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl"
CANONICAL = (
    "The request signature we calculated does not match the signature you provided.\n\nThe Canonical String"
    " for this request should have been\n'POST\n/\n\nhost:x\nx-amz-security-token:S3CRET\n\nhost'\n"
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (CANONICAL, "The request signature we calculated does not match the signature you provided."),
        (
            CANONICAL.replace("\n", " "),
            "The request signature we calculated does not match the signature you provided.",
        ),
        ("header x-amz-security-token:S3CRET, host", f"header x-amz-security-token:{REMOVED}, host"),
        (
            "not authorized. Encoded authorization failure message: S3CRET_9-x",
            f"not authorized. Encoded authorization failure message: {REMOVED}",
        ),
        (
            "1 validation error detected: Value 'S3 CRET' at 'externalId' failed to satisfy constraint",
            f"1 validation error detected: Value {REMOVED} at 'externalId' failed to satisfy constraint",
        ),
        ("<SecretAccessKey>S3CRET</SecretAccessKey>", f"<SecretAccessKey>{REMOVED}</SecretAccessKey>"),
        ('{"SessionToken": "S3CRET"}', f'{{"SessionToken": "{REMOVED}"}}'),
        ("aws_secret_access_key = S3CRET", f"aws_secret_access_key = {REMOVED}"),
        ("Authorization: Bearer S3CRET", f"Authorization: {REMOVED}"),
        ("via http://proxy:S3CRET@10.0.0.1:3128/", f"via http://{REMOVED}@10.0.0.1:3128/"),
        (f"the token {JWT} is no good", f"the token {REMOVED} is no good"),
        (f"the token {TOKEN} is no good", f"the token {REMOVED} is no good"),
    ],
)
def test_what_looks_like_a_credential_is_left_out(text: str, left: str) -> None:
    assert message_of_others(text) == left


@pytest.mark.parametrize("secret", ["prod-7", "7x", "a+b/c=d@e:f", "long-enough-to-be-found-anywhere"])
def test_a_secret_of_the_request_is_left_out_however_it_is_quoted(secret: str) -> None:
    said = message_of_others(f"'{secret}' is none, nor is ({secret}) or id={secret}&x", [secret])
    assert secret not in said
    assert said.count(REMOVED) == 3


def test_a_secret_in_a_query_is_left_out() -> None:
    assert "c%3Dd" not in without_secrets("Value a%2Fc%3Dd", ["a/c=d"])


def test_a_short_secret_does_not_blacken_the_words_that_it_is_a_part_of() -> None:
    assert message_of_others("eu-west-1 neutral", ["eut", ""]) == "eu-west-1 neutral"


@pytest.mark.parametrize(
    "text",
    [
        "User: arn:aws:sts::111122223333:assumed-role/"
        + "r" * 64
        + "/posture-operator is not authorized to perform:"
        " sts:AssumeRole on resource: arn:aws:iam::444455556666:role/posture-reader because no identity-based"
        " policy allows the sts:AssumeRole action",
        "Signature expired: 20261129T100000Z is now earlier than 20261129T100500Z",
        "The security token included in the request is invalid",
        "1 validation error detected: Value 'x' at 'roleArn' failed to satisfy constraint",
    ],
)
def test_what_a_person_needs_stays(text: str) -> None:
    assert message_of_others(text) == text


def test_a_message_is_one_printable_line_of_bounded_length() -> None:
    said = message_of_others("a\x00b\x1b[31mc\r\nd\u202ee" + " word" * 1000)
    assert said.startswith(r"a\x00b\x1b[31mc d\u202ee word")
    assert said.isprintable()
    assert len(said) == LONGEST_MESSAGE
    assert said.endswith("…")
