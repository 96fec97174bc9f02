import pytest

from posture.domain.scoring.accounts import AccountFilter, AccountStanding

ACCOUNT = "111122223333"


@pytest.mark.parametrize(
    ("granted", "include", "exclude", "standing"),
    [
        (["*"], ["*"], [], AccountStanding.TARGETED),
        ([ACCOUNT], [ACCOUNT], [], AccountStanding.TARGETED),
        (["1111????3333"], ["1111*"], ["11112222333"], AccountStanding.TARGETED),
        (["*"], ["*"], [ACCOUNT], AccountStanding.EXCLUDED),
        (["*"], ["2*"], [], AccountStanding.EXCLUDED),
        (["*"], ["11112222"], [], AccountStanding.EXCLUDED),
        (["*"], [], [], AccountStanding.EXCLUDED),
        ([], ["*"], [], AccountStanding.INVISIBLE),
        (["2*"], [ACCOUNT], [], AccountStanding.INVISIBLE),
        (["2*"], ["*"], [ACCOUNT], AccountStanding.INVISIBLE),
        (["1111"], ["*"], [], AccountStanding.INVISIBLE),
    ],
)
def test_outside_the_grant_comes_before_all_else(
    granted: list[str], include: list[str], exclude: list[str], standing: AccountStanding
) -> None:
    accounts = AccountFilter(granted=granted, include=include, exclude=exclude)
    assert accounts.standing(ACCOUNT) is standing
    assert accounts.standing(ACCOUNT) is standing
