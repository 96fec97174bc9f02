"""The configuration file as it lies there: read again when it changes, refused where it cannot be used."""

import re
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import ValidationError

from posture.api.resource import problems
from posture.config.model import Config, Writes


class ConfigError(ValueError):
    """The configuration file cannot be used; `problems` say where, what is wrong and what to write."""

    def __init__(self, path: Path, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(f"{path}: {problem}" for problem in problems))
        self.path = path
        self.problems = problems


def load(path: Path) -> Config:
    """Read a configuration file. Raises ConfigError."""
    return _parse(path, _read(path))


class ConfigFile:
    """The configuration file and what it last said that could be used."""

    def __init__(self, path: Path | None) -> None:
        """Read the file; None: nothing is granted. Raises ConfigError."""
        self._path = path
        content = b"" if path is None else _read(path)
        self._config = Config() if path is None else _parse(path, content)
        # None: what is in the file now could not be read.
        self._content: bytes | None = content
        self._error: ConfigError | None = None
        self.changes = 0
        """How often `current()` or `error` has become another one: several may ask to read the file again."""

    @classmethod
    def nothing_granted(cls) -> Self:
        """Stand in where there is no file."""
        return cls(None)

    def current(self) -> Config:
        """Give the newest configuration that could be used."""
        return self._config

    @property
    def error(self) -> ConfigError | None:
        """Say why the file as it is now cannot be used; None: it is in use."""
        return self._error

    def reload_if_changed(self) -> bool:
        """Read the file again; tell whether `current()` or `error` is another one now.

        The content decides, not the time of change: Kubernetes swaps a mounted Secret by a symbolic link.
        A version that cannot be used leaves the one before it in force, but for one thing: where its `writes`
        can be read as `Frozen`, writes are frozen. A slip of the pen elsewhere must not hold back the brake.
        """
        if self._path is None:
            return False
        try:
            content = _read(self._path)
        except ConfigError as error:
            return self._refuse(error, None)
        if content == self._content:
            return False
        try:
            config = _parse(self._path, content)
        except ConfigError as error:
            if _says_frozen(content):
                self._config = self._config.model_copy(update={"writes": Writes.FROZEN})
            return self._refuse(error, content)
        self._config, self._content, self._error = config, content, None
        self.changes += 1
        return True

    def _refuse(self, error: ConfigError, content: bytes | None) -> bool:
        is_news = self._error is None or self._error.problems != error.problems
        self._error, self._content = error, content
        self.changes += is_news
        return is_news


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(path, (f"cannot be read: {error.strerror}",)) from None


def _parse(path: Path, content: bytes) -> Config:
    try:
        return Config.model_validate(_document(content))
    except _NotYaml as error:
        raise ConfigError(path, (f"is not YAML: {error}",)) from None
    except ValidationError as error:
        raise ConfigError(path, problems(error)) from None


class _NotYaml(Exception):  # noqa: N818 -- reads as what is the case
    """A text that cannot be read as YAML. The message shows none of it: it may hold an external id."""


def _document(content: bytes) -> Any:  # noqa: ANN401 -- whatever the file holds
    try:
        document = yaml.load(content, Loader=_UniqueKeys)  # noqa: S506 -- a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise _NotYaml(f"{where}{error.problem or error.context}") from None
    # YAML's own constructors raise these for a date that does not exist and for what is nested too deep.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _NotYaml(f"a value cannot be read ({type(error).__name__})") from None
    return {} if document is None else document


def _says_frozen(content: bytes) -> bool:
    """Look for `writes: Frozen` in a file that cannot be used, be it YAML or not."""
    try:
        document = _document(content)
    except _NotYaml:
        return re.search(rb"^writes:\s*[\"']?Frozen\b", content, re.MULTILINE) is not None
    return isinstance(document, dict) and document.get("writes") == Writes.FROZEN


class _UniqueKeys(yaml.SafeLoader):
    """A loader that refuses a key that is written twice: of two `grants`, YAML's own would drop the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 -- the library's signature
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for index, key in enumerate(keys):
            if any(key.value == before.value for before in keys[:index]):
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is written twice", key.start_mark
                )
        return super().construct_mapping(node, deep)
