"""One bucket of S3 as one identity sees it: small objects are put, read whole and deleted.

Sources: S3's API reference (PutObject, GetObject, DeleteObject). With a `kms_key_id` each object is encrypted
with that key; a bucket may have another one as its default.
"""

from typing import Any

from aiohttp import ClientError as ConnectionFailed
from botocore.exceptions import BotoCoreError

from posture.aws.client.calls import Calls
from posture.aws.client.errors import AwsError, Retryable
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions

_SERVICE = "s3"
_MISSING = "NoSuchKey"
_WITHIN = 120.0


class S3Bucket:
    """A bucket, by the identity's Region. Raises AwsError."""

    def __init__(
        self,
        calls: tuple[Sessions, Limiters, Usage],
        identity: Identity,
        bucket: str,
        kms_key_id: str | None = None,
    ) -> None:
        sessions, limiters, usage = calls
        self._calls = Calls(sessions, identity, limiters, usage, service=_SERVICE)
        self._bucket = bucket
        self._encryption: dict[str, Any] = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}
        )

    async def put(self, key: str, body: bytes, *, within: float = _WITHIN) -> None:
        """Write an object, in place of one of this key; `within`: seconds after which the call is over."""
        asked = {"Bucket": self._bucket, "Key": key, "Body": body, **self._encryption}
        await self._calls.call("PutObject", asked, within=min(within, _WITHIN))

    async def get(self, key: str) -> bytes | None:
        """Return an object; None where there is none of this key.

        That is known only to who may list the bucket: S3 answers AccessDenied otherwise (GetObject).
        """
        try:
            answer = await self._calls.call("GetObject", {"Bucket": self._bucket, "Key": key}, within=_WITHIN)
            async with answer.body["Body"] as stream:
                body: bytes = await stream.read()
        except AwsError as error:
            if error.code == _MISSING:
                return None
            raise
        except (ConnectionFailed, BotoCoreError, OSError, TimeoutError) as error:
            raise Retryable(
                f"The object {key} could not be read to its end ({error})",
                service=_SERVICE,
                operation="GetObject",
                code="Truncated",
                advice="It is read again later",
            ) from error
        return body

    async def delete(self, key: str) -> None:
        """Delete an object; that there is none is no error."""
        await self._calls.call("DeleteObject", {"Bucket": self._bucket, "Key": key}, within=_WITHIN)
