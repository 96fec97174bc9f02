"""Every refusal that AWS documents for the calls that are made, and every way not to be answered: one table.

Sources: Security Hub API reference ("Errors" of each operation, "Common errors"), STS API reference
(AssumeRole, AssumeRoleWithWebIdentity, "Common errors"), Organizations API reference (ListAccounts,
ListTagsForResource), SQS API reference (ReceiveMessage, DeleteMessageBatch, GetQueueAttributes), Config API
reference ("Errors" of each operation), IAM user guide ("Troubleshoot access denied error messages", "Manage
AWS STS in an AWS Region"), botocore's exceptions.
"""

from botocore import exceptions as boto

from posture.aws.client.errors import (
    AccessDenied,
    CredentialsRefused,
    CredentialsUnavailable,
    HubNotEnabled,
    InvalidRequest,
    RegionUnavailable,
    Retryable,
    RoleNotAssumable,
    Terminal,
    Throttled,
    TokenRefused,
)
from posture.aws.client.refusals.rows import (
    ABSENT,
    ASSUMES,
    CLOCK,
    DENIALS,
    DENIED,
    EXPIRED,
    EXPLICIT,
    HUB,
    IMPLICIT,
    INVALID,
    KEY,
    LATE,
    LATER,
    LOOK_UP,
    NEEDS_A_HUB,
    NO_HUB,
    NOT_AWS,
    NOT_THE_MANAGEMENT,
    NOWHERE,
    OPT_IN,
    OWN,
    SET_CLOCK,
    SIGNATURES,
    UNKNOWN_KEYS,
    UNTRUSTED,
    RefusalRow,
    of,
)
from posture.aws.client.refusals.unanswered import PASSING_ROWS, UNANSWERED_ROWS

_STS_ROWS = (
    RefusalRow(
        RegionUnavailable,
        "Activate STS for {region} in {role_account}; an opt-in Region has to be enabled there and in the"
        " operator's own account: {action} was refused to {who}",
        codes=of("RegionDisabledException"),
        operations=ASSUMES | OWN,
    ),
    RefusalRow(
        CredentialsUnavailable,
        "Check that the cluster's OIDC provider exists in {role_account} with audience sts.amazonaws.com,"
        " and that the role's trust policy names this service account: {action} was refused to {who} in"
        " {region}",
        codes=of("IDPRejectedClaim", "InvalidIdentityToken"),
        operations=OWN,
    ),
    RefusalRow(
        CredentialsUnavailable,
        "The token of {who} ran out: check that the pod's token is a projected one, which the kubelet"
        " renews, and this machine's clock; {action} was refused in {region}",
        codes=EXPIRED,
        operations=OWN,
    ),
    RefusalRow(
        CredentialsUnavailable,
        OPT_IN,
        codes=UNKNOWN_KEYS,
        operations=OWN,
    ),
    RefusalRow(CredentialsUnavailable, DENIED, codes=DENIALS, operations=OWN, message=EXPLICIT),
    RefusalRow(CredentialsUnavailable, NOT_AWS, codes=of("401", "403"), operations=OWN),
    RefusalRow(
        RoleNotAssumable,
        "Pass fewer session tags with {who}: {action} in {region} is refused since they are too large"
        " together",
        codes=of("PackedPolicyTooLarge"),
        operations=ASSUMES,
    ),
    RefusalRow(
        RoleNotAssumable,
        "Correct the role's ARN ({role}) or the grant's externalId: STS takes one of them for no such"
        " thing, and refused {action} to {who} in {region}",
        codes=of("ValidationError"),
        operations=ASSUMES,
    ),
    RefusalRow(RoleNotAssumable, DENIED, codes=DENIALS, operations=ASSUMES, message=EXPLICIT),
    RefusalRow(
        RoleNotAssumable,
        NOWHERE,
        codes=DENIALS,
        operations=ASSUMES,
        message=UNTRUSTED,
    ),
    RefusalRow(RoleNotAssumable, NOT_AWS, codes=of("401", "403"), operations=ASSUMES),
    RefusalRow(
        RoleNotAssumable,
        "Check that {role} exists, that its trust policy lets {who} assume it {condition}, and that {who}"
        " is allowed {action} in {region}",
        codes=DENIALS,
        operations=ASSUMES,
    ),
)
_CREDENTIAL_ROWS = (
    RefusalRow(CredentialsRefused, SET_CLOCK, codes=SIGNATURES, message=CLOCK),
    RefusalRow(CredentialsRefused, SET_CLOCK, codes=LATE),
    RefusalRow(
        CredentialsRefused,
        "Check the secret key of {who}, and that no proxy before {region} changes requests such as {action}",
        codes=SIGNATURES,
    ),
    RefusalRow(
        CredentialsRefused,
        f"Check that the credentials of {{who}} are alive. {OPT_IN}",
        codes=UNKNOWN_KEYS,
    ),
    RefusalRow(
        CredentialsRefused,
        "The credentials of {who} ran out, and so had those in their place: check where they come from;"
        " {action} was refused in {region}",
        codes=EXPIRED,
    ),
    RefusalRow(
        CredentialsRefused,
        "A proxy before {region} takes the signature off requests such as {action} of {who}, or the"
        " endpoint is another one",
        codes=of("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
    ),
    RefusalRow(RegionUnavailable, OPT_IN, codes=of("OptInRequired", "RegionDisabledException")),
    RefusalRow(
        CredentialsUnavailable,
        "Check that {role} exists and that its trust policy lets this pod's identity assume it, for"
        " {action} by {who} in {region}; or give the pod another one (IRSA, EKS Pod Identity, instance"
        " profile or AWS_* variables)",
        operations=OWN,
    ),
    RefusalRow(RoleNotAssumable, f"{LOOK_UP}; check the trust policy of {{role}}", operations=ASSUMES),
)
_ORGANIZATION_ROWS = (
    RefusalRow(
        Terminal,
        "{account} is in no organization: ask as a role in the management account of one, instead of as {who}"
        " ({action} in {region})",
        codes=of("AWSOrganizationsNotInUseException"),
    ),
    RefusalRow(
        AccessDenied,
        "Ask as a role in the organization's management account, or in one that administers a service for the"
        " organization, and allow it {action}: {who} in {region} was refused",
        codes=DENIALS,
        operations=of("ListAccounts", "ListTagsForResource"),
        message=NOT_THE_MANAGEMENT,
    ),
)
_CONFIG_ROWS = (
    RefusalRow(
        Terminal,
        "Name an aggregator of AWS Config that is in {account}, in {region}, or make it there: {action} was"
        " refused to {who}",
        codes=of("NoSuchConfigurationAggregatorException"),
    ),
)
_READS_A_QUEUE = of("ReceiveMessage", "DeleteMessageBatch", "GetQueueAttributes")
_QUEUE_ROWS = (
    RefusalRow(
        Terminal,
        "Create the queue in {region}, or correct spec.aws.events.queueUrl: {action} by {who} met none",
        codes=of(
            "AWS.SimpleQueueService.NonExistentQueue",
            "AWS.SimpleQueueService.QueueDoesNotExist",
            "QueueDoesNotExist",
            "InvalidAddress",
        ),
        operations=_READS_A_QUEUE,
    ),
    RefusalRow(
        AccessDenied,
        "Allow kms:Decrypt to {who} on the key of the queue, in the key's policy too, and check that the key"
        " is there and enabled: {action} in {region} needs it ({code})",
        codes=of(
            "KMS.AccessDeniedException",
            "KMS.DisabledException",
            "KMS.InvalidKeyUsageException",
            "KMS.InvalidStateException",
            "KMS.NotFoundException",
            "KMS.OptInRequired",
            "KmsAccessDenied",
            "KmsDisabled",
            "KmsInvalidKeyUsage",
            "KmsInvalidState",
            "KmsNotFound",
            "KmsOptInRequired",
        ),
        operations=_READS_A_QUEUE,
    ),
    RefusalRow(
        InvalidRequest,
        "This is a defect of the operator: please report it, with {action} and {code}, refused to {who} in"
        " {region}",
        codes=of(
            "BatchEntryIdsNotDistinct",
            "EmptyBatchRequest",
            "InvalidAttributeName",
            "InvalidBatchEntryId",
            "InvalidSecurity",
            "TooManyEntriesInBatchRequest",
            "UnsupportedOperation",
        ),
        operations=_READS_A_QUEUE,
    ),
    RefusalRow(
        Retryable,
        "Something else receives from the queue and deletes nothing: let it be this Security Hub's alone."
        f" {LATER}",
        codes=of("OverLimit"),
        operations=_READS_A_QUEUE,
    ),
    RefusalRow(
        Throttled,
        f"The key of the queue is asked for too often: {LATER}",
        codes=of("KMS.ThrottlingException", "KmsThrottled"),
        operations=_READS_A_QUEUE,
    ),
)
_HUB_ROWS = (
    RefusalRow(HubNotEnabled, HUB, codes=of("InvalidAccessException"), operations=NEEDS_A_HUB),
    RefusalRow(
        HubNotEnabled,
        HUB,
        codes=of("InvalidAccessException", "SubscriptionRequiredException"),
        message=NO_HUB,
    ),
    RefusalRow(
        HubNotEnabled,
        "Finish the registration of {account}, then enable Security Hub CSPM in {region}: {action} was"
        " refused to {who}",
        codes=of("SubscriptionRequiredException"),
    ),
    RefusalRow(HubNotEnabled, HUB, codes=of("ResourceNotFoundException"), operations=of("DescribeHub")),
    RefusalRow(AccessDenied, DENIED, codes=DENIALS, message=EXPLICIT),
    RefusalRow(
        AccessDenied,
        "Allow {action} to this identity ({who}) in {region}, in the key's policy as well as in IAM",
        codes=DENIALS,
        message=KEY,
    ),
    RefusalRow(AccessDenied, NOWHERE, codes=DENIALS, message=IMPLICIT),
    RefusalRow(
        AccessDenied,
        "Allow {action} to this identity ({who}) in {region}",
        codes=DENIALS | of("InvalidAccessException"),
    ),
    RefusalRow(AccessDenied, f"{NOT_AWS}; else allow it", codes=of("403")),
    RefusalRow(
        CredentialsRefused,
        "Something that is not AWS refused {action} to {who} in {region}: does a proxy want a login?",
        codes=of("401", "407"),
    ),
    RefusalRow(
        Terminal,
        "Correct spec.insights: {region} of {account} has no such insight ({action} by {who}); custom ones"
        " are of one account and Region",
        codes=ABSENT | INVALID,
        operations=of("GetInsights", "GetInsightResults"),
    ),
    RefusalRow(
        TokenRefused,
        "{action} of {who} in {region} refuses a NextToken that it gave: the window is read again from its"
        " first page",
        codes=INVALID,
        paging=True,
    ),
    RefusalRow(
        InvalidRequest,
        "This is a defect of the operator or of a filter it was given: please report it, with {action},"
        " refused to {who} in {region}",
        codes=INVALID,
        raised=(boto.ParamValidationError,),
    ),
    RefusalRow(
        Terminal,
        "{region} does not offer {action} to {who}: name another Region, or leave out what needs it",
        codes=of("InvalidAction", "UnknownOperationException"),
    ),
    RefusalRow(
        Terminal,
        f"Somebody else changes the same thing: {LATER}",
        codes=of("ConflictException", "ResourceConflictException", "ResourceInUseException"),
    ),
    RefusalRow(Terminal, "What {action} asks for is not there in {region} for {who}", codes=ABSENT),
)
ROWS: tuple[RefusalRow, ...] = (
    *PASSING_ROWS,
    *UNANSWERED_ROWS,
    *_STS_ROWS,
    *_CREDENTIAL_ROWS,
    *_ORGANIZATION_ROWS,
    *_CONFIG_ROWS,
    *_QUEUE_ROWS,
    *_HUB_ROWS,
    RefusalRow(Terminal, LOOK_UP),
)
"""The last one fits whatever no other does."""
