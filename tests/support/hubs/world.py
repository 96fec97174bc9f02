"""A small organization in an emulated Security Hub, a sync over it, and what the sync should know."""

import asyncio
import random
from collections.abc import Iterable
from typing import Any, Self

import msgspec

from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.client import SecurityHub
from posture.aws.securityhub.wire import decode_page
from posture.domain.findings import Finding, RecordState
from posture.store.interface import FindingRows
from sandbox.securityhub.accounts import Member
from sandbox.securityhub.emulator import Emulator
from sandbox.securityhub.mutations import mutate, mutation_of
from sandbox.securityhub.seed import apply_seed, seed_of
from sandbox.securityhub.server import SecurityHubServer
from tests.support.rows import as_read

ADMINISTRATOR = "111122223333"
MEMBERS = ("444455556666", "777788889999")
NEWCOMER = "222200001111"
REGION = "eu-west-1"
REGIONS = (REGION, "us-east-1")
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CONTROLS = ("S3.1", "EC2.19", "IAM.3", "KMS.4")
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_SEED: dict[str, Any] = {
    "administrator": ADMINISTRATOR,
    "accounts": [
        {"id": ADMINISTRATOR, "name": "platform"},
        {"id": MEMBERS[0], "name": "xebia-shop-test"},
        {"id": MEMBERS[1], "name": "xebia-shop-production"},
    ],
    "regions": list(REGIONS),
    "aggregation": {"region": REGION},
    "standards": [FSBP],
}

_NAMES = {each["id"]: each["name"] for each in _SEED["accounts"]}


def finding(  # noqa: PLR0913 - what a finding can differ in
    name: str,
    *,
    updated_at: str,
    account: str = ADMINISTRATOR,
    region: str = REGION,
    control: str = "S3.1",
    compliance: str | None = "FAILED",
    workflow: str = "NEW",
    state: str = "ACTIVE",
    product: str = "Security Hub",
    own: bool | None = None,
) -> dict[str, Any]:
    """A finding as Security Hub returns it; `own`: under Security Hub's ProductArn (None: by its name)."""
    is_own = product.startswith("Security Hub") if own is None else own
    slug = "aws/securityhub" if is_own else f"{account}/default"
    arn_account = "" if is_own else account
    document: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": f"arn:aws:securityhub:{region}:{account}:security-control/{control}/finding/{name}",
        "ProductArn": f"arn:aws:securityhub:{region}:{arn_account}:product/{slug}",
        "ProductName": product,
        "CompanyName": "AWS",
        "Region": region,
        "GeneratorId": f"security-control/{control}",
        "AwsAccountId": account,
        "AwsAccountName": _NAMES.get(account, "newcomer"),
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "CreatedAt": "2026-01-01T00:00:00.000Z",
        "UpdatedAt": updated_at,
        "Severity": {"Label": "HIGH", "Normalized": 70, "Original": "HIGH"},
        "Title": f"{control} should be right",
        "Description": "Whether it is.",
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::{name}"}],
        "Workflow": {"Status": workflow},
        "RecordState": state,
    }
    if compliance is not None:
        document["Compliance"] = {
            "Status": compliance,
            "SecurityControlId": control,
            "AssociatedStandards": [{"StandardsId": f"standards/{FSBP}"}],
        }
    return document


class OneAccount(Sessions):
    """Sessions of the administrator, without STS."""

    async def account(self, identity: Identity) -> str:
        del identity
        return ADMINISTRATOR


class World:
    """The emulator behind HTTP and a client of it. Mutations go straight to the emulator."""

    def __init__(self, seed: int = 0) -> None:
        self.emulator = Emulator()
        self.emulator.clock.freeze()
        self.server = SecurityHubServer(self.emulator)
        self.random = random.Random(seed)
        self.usage = Usage()
        self._sessions = OneAccount(self.usage)
        self._named = 0
        apply_seed(self.emulator, seed_of(_SEED))

    async def __aenter__(self) -> Self:
        await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._sessions.__aexit__(None, None, None)
        await self.server.stop()

    def client(self) -> SecurityHub:
        """A client for whose quota a second passes whenever it looks at the clock."""

        async def no_time(_: float) -> None:
            await asyncio.sleep(0)

        ticks = iter(range(10**9))
        limiters = Limiters(1.0, monotonic=lambda: float(next(ticks)), sleep=no_time)
        return SecurityHub(self._sessions, Identity(None, None, REGION), limiters, self.usage)

    async def pass_time(self, client: SecurityHub, microseconds: int) -> None:
        """Let time pass for AWS, and let the client learn it, for whom that is a jump of its clock."""
        self.emulator.clock.advance(microseconds / SECOND)
        for _ in range(3):
            await client.get_findings({"Id": [{"Value": "none", "Comparison": "EQUALS"}]})

    def pass_time_everywhere(self, client: SecurityHub, microseconds: int) -> None:
        """Let time pass for AWS and for the client's machine alike: its clock has not jumped."""
        clock, seconds = client._calls.clock, microseconds / SECOND
        self.emulator.clock.advance(seconds)
        before = clock.steady
        clock.steady = lambda: before() + seconds

    def now(self, before: int = 0) -> str:
        """AWS's time, as findings write it; `before`: so many µs ago."""
        clock = self.emulator.clock
        clock.advance(-before / SECOND)
        text = clock.timestamp()
        clock.advance(before / SECOND)
        return text

    def join(self, account: str) -> None:
        """Make an account the administrator's member."""
        clock, organization = self.emulator.clock, self.emulator.organization
        organization.members[account] = Member(account, ADMINISTRATOR, clock.now(), "new@example.com")

    def load(self, findings: Iterable[dict[str, Any]]) -> None:
        self.emulator.load(findings)

    def mutate(self, *documents: dict[str, Any]) -> None:
        mutate(self.emulator, [mutation_of(document) for document in documents])

    def some(self, count: int, *, within: int = DAY, **fields: Any) -> list[dict[str, Any]]:
        """Findings updated at random moments of the last `within` µs."""
        made = []
        for _ in range(count):
            self._named += 1
            made.append(
                finding(
                    f"f-{self._named:06}",
                    updated_at=self.now(self.random.randrange(within)),
                    **{
                        "account": self.random.choice((ADMINISTRATOR, *MEMBERS)),
                        "region": self.random.choice(REGIONS),
                        "control": self.random.choice(CONTROLS),
                        "compliance": self.random.choice(
                            ("PASSED", "PASSED", "FAILED", "WARNING", "NOT_AVAILABLE")
                        ),
                        **fields,
                    },
                )
            )
        return made

    def truth(self, products: Iterable[str] = ("Security Hub",)) -> dict[tuple[str, str], Finding]:
        """What AWS holds of the products, decoded."""
        wanted = set(products)
        raw = [msgspec.Raw(body) for _, body in self.emulator.store.all_bodies()]
        page = decode_page(msgspec.json.encode({"Findings": raw}))
        return {
            (each.product_arn, each.id): as_read(each)
            for each in page.findings
            if each.check.product in wanted
        }


def stored(store: FindingRows, *, archived: bool = True) -> dict[tuple[str, str], Finding]:
    """What a store holds."""
    found = {(each.product_arn, each.id): as_read(each) for each in store.findings()}
    if archived:
        for each in store.findings(state=RecordState.ARCHIVED):
            found[each.product_arn, each.id] = as_read(each)
    return found


def active(findings: dict[tuple[str, str], Finding]) -> dict[tuple[str, str], Finding]:
    """The ACTIVE ones of them."""
    return {key: each for key, each in findings.items() if each.record_state is RecordState.ACTIVE}
