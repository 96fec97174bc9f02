"""Doing what `posture plan` asks for: reading what is declared and Security Hub, rehearsing, printing."""

import asyncio
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from posture import logs
from posture.api.remediation import Remediation
from posture.aws.client.errors import AwsError
from posture.cli.cluster import said
from posture.cli.plan.objects import Key, all_granted, laid_over, object_key, object_of
from posture.cli.plan.sarif import Places, refusals_as_sarif
from posture.cli.plan.told import in_form, plan_notes
from posture.cli.reading.progress import Progress
from posture.cli.terminal import TIMED_OUT, complain, show
from posture.cli.validate.checks import refused
from posture.cli.validate.doing import verdict_line
from posture.cli.validate.manifests import Manifest, found_below
from posture.config.file import ConfigError, load
from posture.config.model import Config
from posture.domain.exceptions.declaration import PolicyIdentity
from posture.domain.time import instant_of
from posture.hubs.demand import Demand, HubKey
from posture.kube.client import connect
from posture.kube.connection import NoCluster
from posture.kube.errors import KubeError
from posture.kube.resources import (
    KINDS,
    POSTURE_TARGETS,
    REMEDIATION_RULES,
    SUPPRESSION_POLICIES,
    Object,
    target_name_of,
)
from posture.once import hub_read_once
from posture.reconcile.access import Admitted
from posture.reconcile.owner import OwnerUnknown, cluster_owner
from posture.reconcile.scope import demand_of, least_demand
from posture.rehearsal.changes import PlannedChanges, Subjects, changes_of
from posture.rehearsal.declared import Everything, Operator
from posture.rehearsal.hub import HubRehearsed, rehearse
from posture.store.errors import StoreError

SOMETHING = 3
"""The exit code where something would be done."""
_NOBODY = "posture-plan"
"""As whom is marked what is only rehearsed, where nothing says by which name the operator does."""
_LONG = timedelta(days=1)
"""Between two polls: what was read once stays as it is until all is rehearsed."""


class PlanOptions(NamedTuple):
    """What is to be planned, and over what."""

    paths: Sequence[str]
    cluster: bool
    live: bool
    config: Path | None
    namespace: str | None
    context: str | None
    within: timedelta | None


class _Cluster(NamedTuple):
    """What a cluster says: its objects, the namespace that is meant where none is named, the owner's name."""

    objects: Sequence[Object]
    namespace: str
    owner: str


@dataclass(frozen=True)
class _Case:
    """All that is declared, before and after; `asked`: what stands in files."""

    before: Everything
    after: Everything
    asked: Subjects
    places: Places

    @property
    def targets(self) -> frozenset[str]:
        """Give the targets that the files are about, by namespace/name."""
        return self.asked.targets

    def before_at(self, key: HubKey, targets: Iterable[str]) -> Mapping[str, Admitted]:
        """Return targets that look at a hub as they are until then; one that is new as it will be."""
        found: dict[str, Admitted] = {}
        for name in targets:
            known = self.before.admissions.get(name) or self.after.admissions.get(name)
            if known is not None and isinstance(known[1], Admitted) and known[1].hub == key:
                found[name] = known[1]
        return found


def print_plan(wanted: PlanOptions, form: str) -> None:
    """Plan and print; ends with 1, 3 or 124 as the command says."""
    logs.configure("console", "error")
    logging.captureWarnings(capture=True)
    found = found_below(wanted.paths)
    if problems := refused(found.manifests, found.unread):
        if form == "sarif":
            show(refusals_as_sarif(problems))
        else:
            complain("nothing is planned: the API server would refuse this")
            complain("".join(map(verdict_line, problems)).rstrip())
        sys.exit(1)
    try:
        case, changes = asyncio.run(_planned(wanted, found.manifests))
    except (AwsError, StoreError, ConfigError, OwnerUnknown, KubeError, NoCluster) as error:
        complain(said(error))
        sys.exit(1)
    except TimeoutError:
        complain(f"not everything was read within {wanted.within}: there is no plan")
        sys.exit(TIMED_OUT)
    show(in_form(changes, form, case.places))
    if not case.places:
        complain("no object of posture.dev is in these files")
    for note in plan_notes(changes, live=wanted.live):
        complain(note)
    if not changes.complete:
        sys.exit(1)
    sys.exit(SOMETHING if changes.anything else 0)


async def _planned(wanted: PlanOptions, manifests: Sequence[Manifest]) -> tuple[_Case, PlannedChanges]:
    async with asyncio.timeout(wanted.within.total_seconds() if wanted.within else None):
        case = await _declared(wanted, manifests)
        rehearsed: dict[HubKey, HubRehearsed] = {}
        hubs = case.after.hubs_of(case.targets) | case.before.hubs_of(case.targets)
        for key in hubs:
            found = await _rehearsed(key, case, live=wanted.live)
            if found is not None:
                rehearsed[key] = found
    return case, changes_of(case.after, rehearsed, case.asked)


async def _declared(wanted: PlanOptions, manifests: Sequence[Manifest]) -> _Case:
    config = None if wanted.config is None else load(wanted.config)
    cluster = await _cluster(wanted.context, config) if wanted.cluster else None
    moment = datetime.now(UTC)
    namespace = wanted.namespace or ("default" if cluster is None else cluster.namespace)
    made = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    own = [each for each in manifests if each.kind != Remediation.__name__]
    places: dict[Key, Manifest] = {}
    files: list[Object] = []
    for manifest in own:
        files.append(object_of(manifest, namespace, made))
        places[object_key(files[-1])] = manifest
    files = laid_over((), files)
    there = () if cluster is None else cluster.objects
    after = laid_over(there, files)
    if config is None:
        config = all_granted([*there, *after])
    owner = config.owner_id or (_NOBODY if cluster is None else cluster.owner)
    # Of other namespaces nothing is known where files are all there is.
    watched = None if cluster else frozenset(each["metadata"]["namespace"] for each in files)
    operator = Operator(config, PolicyIdentity(owner, frozenset(config.adopt_from)), watched)
    now = instant_of(moment)
    names = {kind: frozenset(name for of_kind, name in places if of_kind == kind) for kind in KINDS}
    about = {target_name_of(each) for each in files if each["kind"] != POSTURE_TARGETS.kind}
    asked = Subjects(
        names[SUPPRESSION_POLICIES.kind],
        names[REMEDIATION_RULES.kind],
        names[POSTURE_TARGETS.kind] | about,
    )
    return _Case(Everything(there, operator, now), Everything(after, operator, now), asked, places)


async def _cluster(context: str | None, config: Config | None) -> _Cluster:
    async with connect(context=context) as client:
        objects = [each for kind in KINDS for each in await client.list_objects(KINDS[kind])]
        known = None if config is None else config.owner_id
        return _Cluster(objects, client.namespace, known or await cluster_owner(client))


async def _rehearsed(key: HubKey, case: _Case, *, live: bool) -> HubRehearsed | None:
    """Read a hub and rehearse; None for one that nobody would ask for anything."""
    names = case.targets | case.after.targets_at(key).keys()
    before = case.before_at(key, names)
    config = case.after.operator.config
    demands = _demands(key, case, before, config)
    if not demands:
        return None
    identity = case.after.operator.identity
    with TemporaryDirectory(prefix="posture-") as scratch, Progress() as progress:
        reading = hub_read_once(
            key,
            demands,
            Path(scratch),
            quota_share=config.quota_share,
            told=progress.told,
            owners={identity.owner, *identity.adopted},
        )
        async with reading as read:
            return await rehearse(read, case.after, before, live=live)


def _demands(key: HubKey, case: _Case, before: Mapping[str, Admitted], config: Config) -> list[Demand]:
    asked = case.after.demands_at(key)
    asked += [demand_of(each) for each in before.values() if not each.target.spec.suspend]
    if not asked and any(key in each.moved_from for each in case.after.policies):
        asked = [least_demand(config.minimums)]
    return [each._replace(interval=_LONG, full_sync_interval=_LONG) for each in asked]
