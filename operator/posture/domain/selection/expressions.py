r"""Regular expressions as globs, exactly, where globs can say them.

Other tools select by `re.search` of Python; a selector says whole-string globs. An expression of literals,
`.`, alternations, small classes, counted repetitions and anchors at its ends stands for some globs:
`^logs-(a|b)\.` for `logs-a.*` and `logs-b.*`. What is repeated without end can be said where the text beside
it is free: `eu-*` asks for no more than `eu`. Everything else is refused. A text is taken for one line, which
ids, names and Regions are: `.` and `$` have their own opinion of line ends.
"""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple, TypeAlias

_MOST_GLOBS = 400
_LONGEST = 1024
_WILD = "*?"
_LOOKING_ROUND = {"?=", "?!", "?<"}
_QUANTIFIERS = frozenset("*+?{")


class NoGlobError(ValueError):
    """No list of globs says the same as an expression; the message says what of it, and what to write."""


class _Repeated(NamedTuple):
    """Any number of texts, none included, each one of these."""

    texts: "tuple[_Text, ...]"
    more: bool
    """Any of these stands before it, each in an alternative of its own: `[ab]+`."""


class _Mark(NamedTuple):
    of: str


_ONE, _MANY, _BEGIN, _END = _Mark("one"), _Mark("many"), _Mark("begin"), _Mark("end")

_Token: TypeAlias = str | _Mark | _Repeated
"""A character that is itself, or something that stands for others."""
_Text: TypeAlias = tuple[_Token, ...]
_Texts: TypeAlias = list[_Text]
"""Alternatives."""


def globs_of_search(expression: str) -> tuple[str, ...]:
    """Return globs of which one fits the whole of a text where `re.search` finds the expression in it.

    Sorted, each once; `*` alone where every text fits. Raises NoGlobError.
    """
    found: set[str] = set()
    for text in _Parser(expression).texts():
        found.add(_glob(_simple(_searched(text))))
    return ("*",) if "*" in found else tuple(sorted(found))


def _searched(text: _Text) -> list[_Token]:
    """Let an end be free that is not anchored."""
    tokens = list(text)
    begins = ends = False
    while tokens and tokens[0] is _BEGIN:
        begins = True
        del tokens[0]
    while tokens and tokens[-1] is _END:
        ends = True
        del tokens[-1]
    if _BEGIN in tokens or _END in tokens:
        raise NoGlobError("it has ^ or $ elsewhere than at an end: write it at an end")
    return [*([] if begins else [_MANY]), *tokens, *([] if ends else [_MANY])]


def _simple(tokens: list[_Token]) -> list[_Token]:
    """Leave out repetitions that ask for nothing, because any text may stand beside them."""
    at = 0
    while at < len(tokens):
        before = tokens[at - 1] if at else None
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        token = tokens[at]
        idle = (
            isinstance(token, _Repeated)
            and (
                _MANY in {before, after}
                # Of `[ab]+c` after any text the last of [ab] alone is asked for.
                or (at > 1 and tokens[at - 2] is _MANY and _is_before(token, before))
                or (tokens[at + 2 : at + 3] == [_MANY] and token.texts == ((after,),))
            )
        )
        if idle or (token is _MANY and before is _MANY):
            del tokens[at]
            at = 0
        else:
            at += 1
    return tokens


def _is_before(token: _Repeated, before: _Token | None) -> bool:
    return (token.more and (before,) in token.texts) or token.texts == ((before,),)


def _glob(tokens: Sequence[_Token]) -> str:
    said: list[str] = []
    for each in tokens:
        if isinstance(each, _Repeated):
            raise NoGlobError(
                "it repeats something other than . without end, between other things: write out the lengths"
                " that there are, as in a{1,3}, or .* where that selects no more"
            )
        if isinstance(each, str):
            if each in _WILD:
                raise NoGlobError(f"it asks for the character {each} itself, which is a wildcard of globs")
            said.append(each)
        else:
            said.append("?" if each is _ONE else "*")
    if not said:
        raise NoGlobError("it fits an empty text alone, and no such text is there: leave it out")
    return "".join(said)


class _Parser:
    """Reads an expression as Python's `re` does, into alternatives of texts."""

    def __init__(self, expression: str) -> None:
        self._left = expression
        if len(expression) > _LONGEST or len(expression.splitlines()) > 1:
            raise NoGlobError(f"it has several lines, or more than {_LONGEST} characters: write several")

    def texts(self) -> _Texts:
        """Read the whole."""
        texts = self._alternatives()
        if self._left:
            raise NoGlobError("it is no regular expression: a ) has no (")
        return texts

    def _take(self, length: int = 1) -> str:
        taken, self._left = self._left[:length], self._left[length:]
        return taken

    def _alternatives(self) -> _Texts:
        texts = self._sequence()
        while self._left.startswith("|"):
            self._take()
            texts = _bounded([*texts, *self._sequence()])
        return texts

    def _sequence(self) -> _Texts:
        texts: _Texts = [()]
        while self._left and self._left[0] not in "|)":
            texts = _joined(texts, self._quantified(self._atom()))
        return texts

    def _atom(self) -> _Texts:
        char = self._take()
        match char:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return [(_ONE,)]
            case "^":
                return [(_BEGIN,)]
            case "$":
                return [(_END,)]
            case "\\":
                return [(self._escaped(),)]
        if char in _QUANTIFIERS:
            raise NoGlobError(f"{char} repeats nothing: write \\{char} for the character itself")
        return [(char,)]

    def _group(self) -> _Texts:
        if self._left[:2] in _LOOKING_ROUND:
            raise NoGlobError(f"({self._left[:2]} looks around without taking anything: write an exception")
        if self._left.startswith("?:"):
            self._take(2)
        elif self._left.startswith("?"):
            raise NoGlobError(f"({self._left[:2]} cannot be said: globs know no flags, names or conditions")
        texts = self._alternatives()
        if self._take() != ")":
            raise NoGlobError("it is no regular expression: a ( is not closed")
        return texts

    def _escaped(self) -> _Token:
        char = self._take()
        if char in {"A", "Z"}:
            return _BEGIN if char == "A" else _END
        if not char or (char.isascii() and char.isalnum()):
            raise NoGlobError(f"\\{char} cannot be said: write the characters that are meant, as in [0-9]")
        return char

    def _class(self) -> _Texts:
        members: list[str] = []
        if self._left.startswith("^"):
            raise NoGlobError("[^…] cannot be said: write an exception")
        while not self._left.startswith("]") or not members:
            first = self._member()
            if not self._left.startswith("-") or self._left.startswith("-]"):
                members.append(first)
                continue
            self._take()
            last = self._member()
            if not ord(first) <= ord(last) <= ord(first) + _MOST_GLOBS:
                raise NoGlobError(f"{first}-{last} is no range, or one of too many characters")
            members += map(chr, range(ord(first), ord(last) + 1))
        self._take()
        return [(char,) for char in dict.fromkeys(members)]

    def _member(self) -> str:
        char = self._take()
        if char == "\\":
            char = self._take()
            if not char or (char.isascii() and char.isalnum()):
                raise NoGlobError(
                    f"\\{char} cannot be said: write the characters that are meant, as in [0-9]"
                )
        elif not char or char in "[]" or (char in "&|~-" and self._left.startswith(char)):
            raise NoGlobError("a class is not closed, or has a bracket in it: write it with a backslash")
        return char

    def _quantified(self, texts: _Texts) -> _Texts:
        quantifier = self._quantifier()
        if quantifier is None:
            return texts
        least, most = quantifier
        if any(token in {_BEGIN, _END} for text in texts for token in text):
            raise NoGlobError("^ or $ is repeated: write it once")
        found: _Texts = [()]
        for _ in range(least):
            found = _joined(found, texts)
        if most is None:
            return _joined(found, [_unending(texts, more=least > 0)])
        optional = _bounded([(), *texts])
        for _ in range(most - least):
            found = _joined(found, optional)
        return found

    def _quantifier(self) -> tuple[int, int | None] | None:
        """Take a quantifier, lazy or not: the same to a search. Least and most, None: without end."""
        if self._left[:1] not in _QUANTIFIERS:
            return None
        char = self._take()
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        bounds = simple[char] if char in simple else self._counted()
        if self._left.startswith("?"):
            self._take()
        if self._left[:1] in _QUANTIFIERS:
            raise NoGlobError("something is repeated twice over: write it once")
        return bounds

    def _counted(self) -> tuple[int, int | None]:
        inside, closed, rest = self._left.partition("}")
        least, comma, most = inside.partition(",")
        numbers = [each for each in (least, most) if each]
        if not closed or not least or not all(each.isascii() and each.isdigit() for each in numbers):
            raise NoGlobError("{ begins no count such as {2} or {2,4}: write \\{ for the character itself")
        self._left = rest
        bounds = int(least[:5]), (int(most[:5]) if most else None) if comma else int(least[:5])
        if bounds[0] > _LONGEST or (bounds[1] is not None and not bounds[0] <= bounds[1] <= _LONGEST):
            raise NoGlobError("a count is too large, or ends before it begins")
        return bounds


def _unending(texts: _Texts, *, more: bool) -> _Text:
    some = tuple(text for text in texts if text)
    if not some:
        return ()
    if (_MANY,) in some or (_ONE,) in some:
        return (_MANY,)
    return (_Repeated(some, more),)


def _joined(before: _Texts, after: _Texts) -> _Texts:
    if len(before) * len(after) > _MOST_GLOBS * 4:
        raise NoGlobError(_TOO_MANY)
    return _bounded([(*one, *other) for one, other in product(before, after)])


def _bounded(texts: _Texts) -> _Texts:
    found = list(dict.fromkeys(texts))
    if len(found) > _MOST_GLOBS or any(len(text) > _LONGEST for text in found):
        raise NoGlobError(_TOO_MANY)
    return found


_TOO_MANY = (
    f"it stands for more than {_MOST_GLOBS} globs, or for very long ones: write .* where that selects no"
    " more, or the values themselves"
)
