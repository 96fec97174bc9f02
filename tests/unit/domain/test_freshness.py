from posture.domain.time import cutoff, is_current


def test_a_score_is_current_up_to_two_intervals() -> None:
    assert is_current(1_000, 1_600, interval=300)
    assert not is_current(1_000, 1_601, interval=300)
    assert is_current(1_000, 990, interval=300)


def test_the_window_ends_now() -> None:
    assert cutoff(now=1_000, window=26) == 974
