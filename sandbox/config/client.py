"""A synchronous client of what the emulated Config can be told."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from sandbox.config.rules import PACK_SUFFIX
from sandbox.securityhub.client import ControlClient

Document = dict[str, Any]


class ConfigClient:
    """Tells the emulated Config behind a control endpoint what to do. See `control.py` for each document."""

    def __init__(self, control: ControlClient) -> None:
        self._control = control

    def set_rule(
        self,
        account: str,
        region: str,
        rule: str,
        compliance: str | None = None,
        *,
        resources: Sequence[Mapping[str, str]] | None = None,
        findings: bool = True,
    ) -> int:
        """Set what a rule (its whole name) says; return how many findings Security Hub got of it."""
        document: Document = {"account": account, "region": region, "rule": rule, "findings": findings}
        if compliance is not None:
            document["compliance"] = compliance
        if resources is not None:
            document["resources"] = list(resources)
        return int(self._control.call("POST", "config/rule", document)["findings"])

    def rules(self, account: str, region: str) -> dict[str, Document]:
        """Return the rules there by their whole names, with `pack` and `resources`, as they truly are."""
        query = urlencode({"account": account, "region": region})
        found: dict[str, Document] = self._control.call("GET", f"config/rules?{query}")["rules"]
        return found

    def rule_of_pack(self, account: str, region: str, pack: str, rule: str) -> str:
        """Return the whole name there of a pack's rule, given by its name in the template (KeyError)."""
        for name, each in self.rules(account, region).items():
            if each["pack"] == pack and name.startswith(rule + PACK_SUFFIX):
                return name
        raise KeyError(rule)

    def delete_pack(self, account: str, region: str, pack: str) -> None:
        """Delete a pack in one account and Region; it goes on being listed."""
        self._control.call("POST", "config/pack/delete", {"account": account, "region": region, "pack": pack})

    def source(self, aggregator: str, source: str, region: str, status: str, **more: Any) -> None:  # noqa: ANN401 - SourceRequest
        """Set how the last update of a source went: SUCCEEDED, FAILED or OUTDATED."""
        document = {"aggregator": aggregator, "source": source, "region": region, "status": status, **more}
        self._control.call("POST", "config/source", document)

    def settings(self, **wanted: Any) -> int:  # noqa: ANN401 - ConfigSettings
        """Change `delay` or `empty_pages`; return how many changes are not collected yet."""
        return int(self._control.call("POST", "config/settings", wanted)["pending"])
