"""Cron schedules, right and nearly right: ranges that rise and fall, days that few months have."""

from hypothesis import strategies as st

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


def _numbers(least: int, most: int) -> st.SearchStrategy[str]:
    # Now and then one that is too great, and one that is padded.
    number = st.integers(least, most) | st.sampled_from([least, most])
    return number.map(str) | number.map("{:02}".format) | st.just(str(most + 1))


def _names(names: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([each for name in names for each in (name, name.upper(), name.title())])


def _field(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    entry = st.just("*") | value | st.tuples(value, value).map("-".join)
    stepped = entry | st.tuples(entry, st.sampled_from(["1", "2", "5", "30", "99", "0"])).map("/".join)
    return st.lists(stepped, min_size=1, max_size=3).map(",".join)


@st.composite
def schedules(draw: st.DrawFn) -> str:
    """Draw a text that is, or looks like, a cron schedule of five fields."""
    star = st.just("*")
    plain = star | st.just("9")
    rare = st.lists(
        st.sampled_from(["30", "31", "30-31", "31/30", "30/1", "31-31/2", "29"]), min_size=1, max_size=2
    ).map(",".join)
    short = st.lists(
        st.sampled_from(
            [
                "2",
                "feb",
                "Feb-feb",
                "4-4/2",
                "2-4/2",
                "2/12",
                "FEB,6",
                "4/5",
                "11-12/2",
                "9-11/2",
                "*/3",
                "1-4",
            ]
        ),
        min_size=1,
        max_size=2,
    ).map(",".join)
    fields = [
        draw(plain | _field(_numbers(0, 59))),
        draw(plain | _field(_numbers(0, 23))),
        draw(rare | star | _field(_numbers(1, 31))),
        draw(short | star | _field(_numbers(1, 12) | _names(_MONTHS))),
        draw(star | st.sampled_from(["*/2", "*,1", "1"]) | _field(_numbers(0, 7) | _names(_DAYS))),
    ]
    return " ".join(fields)
