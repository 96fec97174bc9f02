"""S3: policies of buckets as AWS takes them. moto keeps any text, and answers with one that is no answer."""

import json
import re

from sandbox.services.call import Answer, Call, Refusal, Service

SERVICE = Service("s3")
_MOST_BYTES = 20 * 1024
_UNIQUE_ID = re.compile(r'"A(?:ID|RO)A[A-Z0-9]{12,}"')


@SERVICE.answers("PutBucketPolicy")
def put_bucket_policy(call: Call) -> Answer:
    """Keep a policy, if it is one: no principal by an id, which says that it is there no more."""
    text = call.parameters["Policy"]
    text = text.decode() if isinstance(text, bytes) else str(text)
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise Refusal("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'", 400)
    if len(text.encode()) > _MOST_BYTES:
        raise Refusal("PolicyTooLarge", "Normalized policy document exceeds the maximum allowed size", 400)
    if _UNIQUE_ID.search(text):
        raise Refusal("MalformedPolicy", "Invalid principal in policy", 400)
    call.moto()
    return {}
