"""Statuses and specs that somebody spoilt."""

import copy
import math
from typing import Any

from hypothesis import strategies as st

from posture.api.resource import CustomResource
from tests.support.api.objects import ACCEPTED, Object
from tests.support.api.statuses import STATUSES

# What the API server takes for a date-time (strfmt of go-openapi) and Python's calendar does not know.
ODD_TIMES = (
    "0000-01-01T00:00:00Z",
    "2026-01-01T00:00:00+99:99",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00x5Z",
)


def told(kind: type[CustomResource]) -> Object:
    """A status in which everything is written, as the API server gives it."""
    return STATUSES[kind].to_api()


_GARBAGE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3),
    st.sampled_from(ODD_TIMES), st.builds(list), st.builds(dict), st.builds(lambda: [{}]),
    st.builds(lambda: [[]]),
)  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[type[CustomResource], Object]:
    """A full status of some kind, in which some values are others."""
    kind = draw(st.sampled_from(list(STATUSES)))
    return kind, _with_other_values(draw, told(kind), _GARBAGE)


@st.composite
def spoilt_specs(draw: st.DrawFn) -> tuple[type[CustomResource], Object]:
    """A spec of some kind that would be accepted, in which some values are others."""
    kind, spec = draw(st.sampled_from(ACCEPTED))
    return kind, _with_other_values(
        draw, spec, _GARBAGE.filter(lambda value: value not in (math.inf, -math.inf))
    )


def _with_other_values(draw: st.DrawFn, document: Object, garbage: st.SearchStrategy[Any]) -> Object:
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        inner: Any = document
        while isinstance(inner, dict | list) and inner:
            key = draw(st.sampled_from(list(inner) if isinstance(inner, dict) else range(len(inner))))
            if not isinstance(inner[key], dict | list) or not inner[key] or draw(st.booleans()):
                inner[key] = draw(garbage)
                break
            inner = inner[key]
    return document
