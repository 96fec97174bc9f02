"""kubeconfig files that name one API server, one user and one context."""

import base64
import os
from pathlib import Path

import yaml

CLUSTER = "posture-sandbox"


def write(path: Path, url: str, ca_file: Path, token: str, user: str, namespace: str = "default") -> Path:
    """Write a kubeconfig that only its owner can read, with the server's CA and ``token`` inside."""
    authority = base64.b64encode(ca_file.read_bytes()).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CLUSTER,
        "clusters": [{"name": CLUSTER, "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [
            {"name": CLUSTER, "context": {"cluster": CLUSTER, "user": user, "namespace": namespace}}
        ],
    }
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        yaml.safe_dump(document, file, sort_keys=False)
    return path


def is_ours(path: Path) -> bool:
    """Tell whether a file is a kubeconfig of this sandbox and of nothing else."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError):
        return False
    clusters = document.get("clusters") if isinstance(document, dict) else None
    return isinstance(clusters, list) and [c.get("name") for c in clusters if isinstance(c, dict)] == [
        CLUSTER
    ]
