import pytest

from posture.domain.scoring.accounts import AccountFilter, Standing

ACCOUNT = "111122223333"


@pytest.mark.parametrize(
    ("granted", "include", "exclude", "standing"),
    [
        (["*"], ["*"], [], Standing.TARGETED),
        ([ACCOUNT], [ACCOUNT], [], Standing.TARGETED),
        (["1111????3333"], ["1111*"], ["11112222333"], Standing.TARGETED),
        (["*"], ["*"], [ACCOUNT], Standing.EXCLUDED),
        (["*"], ["2*"], [], Standing.EXCLUDED),
        (["*"], ["11112222"], [], Standing.EXCLUDED),
        (["*"], [], [], Standing.EXCLUDED),
        ([], ["*"], [], Standing.INVISIBLE),
        (["2*"], [ACCOUNT], [], Standing.INVISIBLE),
        (["2*"], ["*"], [ACCOUNT], Standing.INVISIBLE),
        (["1111"], ["*"], [], Standing.INVISIBLE),
    ],
)
def test_outside_the_grant_comes_before_all_else(
    granted: list[str], include: list[str], exclude: list[str], standing: Standing
) -> None:
    accounts = AccountFilter(granted=granted, include=include, exclude=exclude)
    assert accounts.standing(ACCOUNT) is standing
    assert accounts.standing(ACCOUNT) is standing
