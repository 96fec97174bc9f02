"""ECR.1: repositories whose images are scanned when they are pushed."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import Iam, Json, LiveState, Reader, Refused, Tagged, Writer
from posture.remediation.actions.ecr.repositories import read_repository, repository_request, repository_tags
from posture.remediation.actions.setting import Setting


class EnableScanOnPush(Setting):
    """Where the registry scans in the enhanced way, its rules decide and a repository's flag does nothing."""

    name = "ecr-enable-scan-on-push"
    controls = frozenset({"ECR.1"})
    works_on = WorksOn(frozenset({"AwsEcrRepository"}))
    iam = Iam(
        read=(
            "ecr:DescribeRepositories",
            "ecr:GetRegistryScanningConfiguration",
            "ecr:ListTagsForResource",
        ),
        write=("ecr:PutImageScanningConfiguration",),
        undo=("ecr:PutImageScanningConfiguration",),
    )
    risk = "Nothing is cut off; basic scans are free."
    undo_says = "The setting is as before."
    part = "scanOnPush"
    right = True
    summary = "Scan images of the repository when they are pushed"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the repository's flag, and how the registry scans."""
        repository = await read_repository(reader, resource)
        registry = await reader.read("ecr", "GetRegistryScanningConfiguration")
        if "scanningConfiguration" not in registry:
            raise Refused(Reason.UNREADABLE, "ECR did not answer with the registry's scanning configuration")
        flag = repository.get("imageScanningConfiguration", {}).get("scanOnPush", False)
        return LiveState({self.part: flag}, {"registry": registry["scanningConfiguration"].get("scanType")})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the repository's tags."""
        return (await repository_tags(reader, resource),)

    def check(self, state: LiveState) -> None:
        """Refuse where the registry's rules decide."""
        if state.about["registry"] == "ENHANCED":
            raise Refused(Reason.NOT_SUPPORTED, "The registry scans in the enhanced way: change its rules")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the flag."""
        request = {**repository_request(resource), "imageScanningConfiguration": {"scanOnPush": value}}
        await writer.write("ecr", "PutImageScanningConfiguration", request)


ACTION = EnableScanOnPush()
