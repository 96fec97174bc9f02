import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.controlplane import ControlPlane, ControlPlaneError, KubectlError, command, plane
from sandbox.controlplane.run_folder import RunFolder
from sandbox.waiting import wait_until

_DEADLINE_SECONDS = 30.0
_OWNER = """
import threading
from sandbox.controlplane import ControlPlane
plane = ControlPlane.start()
print(plane.kubeconfig.parent, *plane.pids, flush=True)
threading.Event().wait()
"""
_CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "ranges.sandbox.test"},
    "spec": {
        "group": "sandbox.test",
        "scope": "Namespaced",
        "names": {"kind": "Range", "plural": "ranges", "singular": "range"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"low": {"type": "integer"}, "high": {"type": "integer"}},
                                "x-kubernetes-validations": [
                                    {"rule": "self.low <= self.high", "message": "low is above high"}
                                ],
                            }
                        },
                    }
                },
            }
        ],
    },
}


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def range_of(low: int, high: int, namespace: str) -> str:
    spec = {"low": low, "high": high}
    metadata = {"name": "one", "namespace": namespace}
    return json.dumps({"apiVersion": "sandbox.test/v1", "kind": "Range", "metadata": metadata, "spec": spec})


@contextlib.contextmanager
def owner_process(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_custom_resource_is_stored_and_cel_refuses_a_wrong_one(
    control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.kubectl("apply", "-f", "-", input=json.dumps(_CRD))
    control_plane.kubectl("wait", "--for=condition=Established", "crd/ranges.sandbox.test", "--timeout=30s")

    control_plane.kubectl("create", "-f", "-", input=range_of(1, 2, namespace))
    stored = control_plane.kubectl("get", "ranges", "one", "-n", namespace, "-o", "jsonpath={.spec}").stdout
    assert json.loads(stored) == {"low": 1, "high": 2}

    with pytest.raises(KubectlError, match="low is above high"):
        control_plane.kubectl("apply", "-f", "-", input=range_of(3, 2, namespace))
    refused = control_plane.kubectl("apply", "-f", "-", input=range_of(3, 2, namespace), check=False)
    assert refused.returncode == 1


def test_a_service_account_can_do_what_its_role_grants_and_nothing_else(
    control_plane: ControlPlane, namespace: str
) -> None:
    kubectl = control_plane.kubectl
    kubectl("create", "serviceaccount", "reader", "-n", namespace)
    kubectl("create", "role", "reader", "--verb=list", "--resource=configmaps", "-n", namespace)
    kubectl(
        *("create", "rolebinding", "reader", "--role=reader", "-n", namespace),
        f"--serviceaccount={namespace}:reader",
    )
    reader = control_plane.kubeconfig_for("reader", namespace)

    identity = kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", kubeconfig=reader)
    assert identity.stdout == f"system:serviceaccount:{namespace}:reader"
    kubectl("get", "configmaps", kubeconfig=reader)
    for forbidden in (
        ("create", "configmap", "mine"),
        ("get", "secrets"),
        ("get", "configmaps", "-n", "default"),
    ):
        with pytest.raises(KubectlError, match=r"(?i)forbidden"):
            kubectl(*forbidden, kubeconfig=reader)


def test_no_token_for_a_service_account_that_does_not_exist(
    control_plane: ControlPlane, namespace: str
) -> None:
    with pytest.raises(ControlPlaneError, match=f"{namespace}/nobody.*404"):
        control_plane.kubeconfig_for("nobody", namespace)


def test_the_kubeconfig_is_private_and_trusts_the_servers_own_authority(control_plane: ControlPlane) -> None:
    assert control_plane.kubeconfig.stat().st_mode & 0o777 == 0o600
    cluster = yaml.safe_load(control_plane.kubeconfig.read_text())["clusters"][0]["cluster"]
    assert cluster.keys() == {"server", "certificate-authority-data"}
    assert cluster["server"] == control_plane.url
    anonymous = control_plane.kubectl("get", "--raw", "/api", "--token=forged", check=False)
    assert "Unauthorized" in anonymous.stderr


def test_a_paused_api_server_answers_nothing_and_then_goes_on(control_plane: ControlPlane) -> None:
    with control_plane.paused_apiserver():
        late = control_plane.kubectl("get", "--raw", "/readyz", "--request-timeout=1s", check=False)
        assert late.returncode != 0
    assert control_plane.request("GET", "/readyz") == (200, "ok")


def test_data_outlive_the_api_server_and_with_a_folder_the_control_plane(tmp_path: Path) -> None:
    with ControlPlane.start(tmp_path) as first:
        assert first.request("POST", "/api/v1/namespaces", {"metadata": {"name": "kept"}})[0] == 201
        url, pids = first.url, first.pids
        with pytest.raises(ControlPlaneError, match="in use by another control plane"):
            ControlPlane.start(tmp_path)

        first.stop_apiserver()
        assert not first.running
        with pytest.raises(ConnectionRefusedError):
            first.request("GET", "/readyz")
        first.start_apiserver()
        assert (first.url, first.running) == (url, True)
        assert first.request("GET", "/api/v1/namespaces/kept")[0] == 200
        pids = (*pids, *first.pids)

    assert not first.kubeconfig.parent.exists()
    assert not any(is_alive(pid) for pid in pids)
    with ControlPlane.start(tmp_path) as second:
        assert second.request("GET", "/api/v1/namespaces/kept")[0] == 200


def test_a_control_plane_outlives_the_thread_that_started_it_and_a_lost_race_for_the_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free_port = plane._free_port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1]])
        monkeypatch.setattr(plane, "_free_port", lambda: next(ports, None) or free_port())
        started: list[ControlPlane] = []
        starter = threading.Thread(target=lambda: started.append(ControlPlane.start()))
        starter.start()
        starter.join()
        with started[0] as survivor:
            assert survivor.url != f"https://127.0.0.1:{taken.getsockname()[1]}"
            assert survivor.request("GET", "/readyz") == (200, "ok")
            assert survivor.running


def test_kill_9_of_the_owner_takes_the_servers_along_and_its_folder_is_removed_later() -> None:
    with owner_process("-c", _OWNER) as owner:
        folder, *numbers = first_line(owner).split()
        pids = [int(number) for number in numbers]
        assert len(pids) == 2
        assert all(is_alive(pid) for pid in pids)
        owner.kill()
        owner.wait()
        wait_until(lambda: not any(map(is_alive, pids)), "the servers to end", seconds=_DEADLINE_SECONDS)
    other = RunFolder.create()
    assert not Path(folder).exists()
    RunFolder.create().remove()
    assert other.path.exists()
    other.remove()


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    with owner_process("-m", "sandbox", "controlplane", "--kubeconfig", str(file)) as owner:
        assert first_line(owner) == str(file)
        server = yaml.safe_load(file.read_text())["clusters"][0]["cluster"]["server"]
        address = ("127.0.0.1", int(server.rpartition(":")[2]))
        socket.create_connection(address, timeout=5).close()
        owner.send_signal(signal.SIGTERM)
        assert owner.wait(_DEADLINE_SECONDS) == 0
    assert not file.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)


def test_the_command_does_not_overwrite_a_kubeconfig_of_somebody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config"
    file.write_text("clusters: [{name: production}]")
    assert command.main(["--kubeconfig", str(file)]) == 1
    assert "not the sandbox's" in capsys.readouterr().err
    assert file.read_text() == "clusters: [{name: production}]"


def test_a_server_that_cannot_start_is_reported_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "etcd").write_text("not a folder")
    with pytest.raises(ControlPlaneError, match=r"etcd ended while it was starting(.|\n)*not a directory"):
        ControlPlane.start(tmp_path)
    assert os.listdir(tmp_path)  # noqa: PTH208 - the caller's folder is not removed


def test_what_is_stored_can_be_rewritten_unless_it_has_changed_since(
    control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.kubectl("apply", "-f", "-", input=json.dumps(_CRD))
    control_plane.kubectl("wait", "--for=condition=Established", "crd/ranges.sandbox.test", "--timeout=30s")
    control_plane.kubectl("create", "-f", "-", input=range_of(1, 2, namespace))
    key = f"/registry/sandbox.test/ranges/{namespace}/one"
    assert control_plane.etcd.read(f"{key}-less") is None
    stored = control_plane.etcd.read(key)
    assert stored is not None
    stored.document["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    assert control_plane.etcd.replace(key, stored.document, stored.revision)
    assert not control_plane.etcd.replace(key, stored.document, stored.revision)
    shown = control_plane.kubectl("get", "ranges", "one", "-n", namespace, "-o", "jsonpath={.metadata}")
    assert json.loads(shown.stdout)["creationTimestamp"] == "2020-01-01T00:00:00Z"
