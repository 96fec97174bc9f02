"""The files of a release: whole, of one version, the same bytes again, and of use to those who take them."""

import gzip
import hashlib
import json
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deploy.release import build
from deploy.release.build import ReleaseError, packed
from tests.chart.conftest import ROOT, kinds
from tests.support.api.statuses import STATUSES

IMAGE = "registry.example.com/posture-operator"
VERSION = yaml.safe_load((build.CHART / "Chart.yaml").read_text())["version"]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("release") / "files"
    made = build.build(folder, IMAGE)
    assert {each.name for each in made} == {
        f"posture_operator-{VERSION}-py3-none-any.whl",
        f"posture-operator-{VERSION}.tgz",
        f"posture-operator-{VERSION}.cdx.json",
        "crds.yaml",
        "crd-schemas.tar.gz",
        "install.yaml",
        "SHA256SUMS",
    }
    return folder


def _schemas(release: Path) -> dict[str, Any]:
    with tarfile.open(release / "crd-schemas.tar.gz") as archive:
        files = {each.name: archive.extractfile(each) for each in archive}
        return {name: json.loads(file.read()) for name, file in files.items() if file is not None}


def test_sums_are_of_all_files(release: Path) -> None:
    sums = dict(line.split("  ")[::-1] for line in (release / "SHA256SUMS").read_text().splitlines())
    there = {each.name for each in release.iterdir()} - {"SHA256SUMS"}
    assert sums == {name: hashlib.sha256((release / name).read_bytes()).hexdigest() for name in there}


def test_what_is_installed_without_helm_is_what_the_chart_installs(release: Path) -> None:
    installed = list(yaml.safe_load_all((release / "install.yaml").read_text()))
    found = kinds([each for each in installed if each])
    assert installed[0] == {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "posture"}}
    assert len(found["CustomResourceDefinition"]) == 4
    (stateful,) = found["StatefulSet"]
    (container,) = stateful["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{IMAGE}:{VERSION}"
    assert "Pod" not in found, "the test of helm is no part of it"
    crds = [each["metadata"]["name"] for each in yaml.safe_load_all((release / "crds.yaml").read_text())]
    assert sorted(crds) == sorted(each["metadata"]["name"] for each in found["CustomResourceDefinition"])


def test_schemas_take_what_is_right_and_refuse_what_is_wrong(release: Path) -> None:
    schemas = _schemas(release)
    assert len(schemas) == len(STATUSES)
    examples = [
        document
        for path in sorted((ROOT / "examples" / "gitops" / "security").glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text())
        if str(document["apiVersion"]).startswith("posture.dev/")
    ]
    assert {each["kind"] for each in examples} == {"PostureTarget", "SuppressionPolicy", "RemediationRule"}
    for document in examples:
        schema = schemas[f"posture.dev/{document['kind'].lower()}_v1alpha1.json"]
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        assert [each.message for each in validator.iter_errors(document)] == []
        assert list(validator.iter_errors({**document, "spec": {**document["spec"], "suspended": True}}))
        assert list(validator.iter_errors({**document, "kind": "Pod"}))


def test_the_bill_of_materials_has_every_locked_package(release: Path) -> None:
    bill = json.loads((release / f"posture-operator-{VERSION}.cdx.json").read_text())
    text = (ROOT / "requirements" / "run.txt").read_text()
    locked = re.findall(r"^([a-z0-9-]+)==([^ ;]+)", text, re.MULTILINE)
    assert {(each["name"], each["version"]) for each in bill["components"]} == set(locked)
    assert all(each["externalReferences"][0]["hashes"] for each in bill["components"])
    assert bill["metadata"]["component"]["name"] == "posture-operator"


def test_the_wheel_has_the_operator_and_nothing_else(release: Path) -> None:
    with zipfile.ZipFile(release / f"posture_operator-{VERSION}-py3-none-any.whl") as wheel:
        tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"posture", f"posture_operator-{VERSION}.dist-info"}


def test_the_same_files_are_packed_into_the_same_bytes() -> None:
    one, other = packed({"b": b"2", "a": b"1"}, 1), packed({"a": b"1", "b": b"2"}, 1)
    assert one == other
    assert one != packed({"a": b"1", "b": b"3"}, 1)
    assert gzip.decompress(one)


def test_the_chart_and_the_wheel_have_no_time_of_day_in_them(release: Path) -> None:
    with tarfile.open(release / f"posture-operator-{VERSION}.tgz") as archive:
        assert {each.mtime for each in archive} == {build._epoch()}
        assert "posture-operator/Chart.yaml" in archive.getnames()
    with zipfile.ZipFile(release / f"posture_operator-{VERSION}-py3-none-any.whl") as wheel:
        assert len({each.date_time for each in wheel.infolist()}) == 1


def test_a_chart_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Chart.yaml").write_text("{version: 0.0.1, appVersion: 0.0.2}")
    monkeypatch.setattr(build, "CHART", tmp_path)
    with pytest.raises(ReleaseError, match=r"version 0\.0\.1 and appVersion 0\.0\.2: write the same"):
        build.build(tmp_path / "files", IMAGE)
