"""Where the API server is and how to prove who we are: the standard ways, in controller-runtime's order."""

import os
from pathlib import Path
from typing import NamedTuple

from yaml import YAMLError

from posture.kube.transport import ConfigException, Configuration, load_incluster_config, load_kube_config

_BEARER = "BearerToken"
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class NoCluster(Exception):  # noqa: N818 - reads as what is the case
    """No usable way to an API server was found; the message says what to set."""


class Connection(NamedTuple):
    """How to reach an API server, and the namespace that is meant where none is named."""

    configuration: Configuration
    namespace: str


async def load_connection(context: str | None = None) -> Connection:
    """Read how to reach the API server: `KUBECONFIG`, else the pod's service account, else `~/.kube/config`.

    A service account's token is read from its file again every minute. `context`: of the kubeconfig; None:
    its current one.

    Raises NoCluster when there is none of them, or the one that is there cannot be used.
    """
    configuration = Configuration()
    files = _kubeconfig()
    if files is None and context is not None:
        raise NoCluster(f"there is no kubeconfig with a context {context}: set KUBECONFIG to one")
    try:
        if files is None:
            load_incluster_config(client_configuration=configuration)
            _strip_token_on_refresh(configuration)
            return Connection(configuration, pod_namespace())
        loader = await load_kube_config(
            config_file=files, context=context, client_configuration=configuration, persist_config=False
        )
        return Connection(configuration, str(loader.current_context["context"].get("namespace") or "default"))
    except (ConfigException, YAMLError, AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        source = files or "the pod's service account"
        # The library quotes whole entries of the file, tokens included, always after a brace.
        said = str(error).partition("{")[0].strip()
        raise NoCluster(f"the Kubernetes configuration in {source} cannot be used: {said}") from None


def pod_namespace() -> str:
    """Return the namespace of this pod; `default` outside of one."""
    try:
        return _NAMESPACE_FILE.read_text(encoding="utf-8").strip() or "default"
    except OSError:
        return "default"


def adopt_credentials(current: Configuration, renewed: Configuration) -> None:
    """Let a configuration in use speak with the bearer token of one that was read later."""
    if _BEARER in renewed.api_key:
        current.api_key[_BEARER] = renewed.api_key[_BEARER]
    current.refresh_api_key_hook = renewed.refresh_api_key_hook


def _kubeconfig() -> str | None:
    """Return the kubeconfig file or files to read, None for the pod's service account."""
    named = os.environ.get("KUBECONFIG")
    if named:
        if not any(Path(path).expanduser().is_file() for path in named.split(os.pathsep) if path):
            raise NoCluster(f"KUBECONFIG names no file that exists: {named}")
        return named
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return None
    home = Path.home() / ".kube" / "config"
    if home.is_file():
        return str(home)
    raise NoCluster(
        "no Kubernetes API server is configured: set KUBECONFIG to a kubeconfig file, "
        "or run in a pod with a service account"
    )


def _strip_token_on_refresh(configuration: Configuration) -> None:
    # A token file that ends in a newline would otherwise make every request's header invalid.
    reread = configuration.refresh_api_key_hook

    def hook(current: Configuration) -> None:
        reread(current)
        current.refresh_api_key_hook = hook
        current.api_key[_BEARER] = current.api_key[_BEARER].strip()

    configuration.refresh_api_key_hook = hook
