"""The Kubernetes client's transport and configuration, without the models that are generated for its kinds.

Whoever imports `kubernetes.aio.client` imports 1,400 classes, and those of the synchronous client with them:
70 MiB, and more time than most commands take. Nothing here uses one: objects are JSON. The modules that are
used are imported below stand-ins of their packages, which are taken away again: whoever else imports
`kubernetes`, as kopf does to log in, gets all of it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubernetes.aio.client import ApiClient, Configuration
    from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

__all__ = ["ApiClient", "ConfigException", "Configuration", "load_incluster_config", "load_kube_config"]

_LIBRARY = "kubernetes"
_PACKAGES = (_LIBRARY, "kubernetes.aio", "kubernetes.aio.client", "kubernetes.aio.client.models")


@contextmanager
def _stand_ins() -> Iterator[dict[str, ModuleType]]:
    """Yield empty packages by name, whose modules can be imported; leave `sys.modules` as it was."""
    spec = find_spec(_LIBRARY)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {_LIBRARY!r}", name=_LIBRARY)
    root = Path(spec.submodule_search_locations[0]).parent
    before = _taken_away()
    packages = {name: ModuleType(name) for name in _PACKAGES}
    for name, package in packages.items():
        package.__path__ = [str(root.joinpath(*name.split(".")))]
    sys.modules.update(packages)
    try:
        yield packages
    finally:
        _taken_away()
        sys.modules.update(before)


def _taken_away() -> dict[str, ModuleType]:
    """Take the library's modules out of `sys.modules`, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] == _LIBRARY]
    return {name: sys.modules.pop(name) for name in names}


if not TYPE_CHECKING:
    with _stand_ins() as _packages:
        from kubernetes.aio.client.configuration import Configuration

        # What its config package asks its client package for.
        _client = _packages["kubernetes.aio.client"]
        _client.Configuration = Configuration
        from kubernetes.aio.client.api_client import ApiClient

        _client.ApiClient = ApiClient
        from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config
