"""Every refusal that AWS documents for the calls that are made, and every way not to be answered: one table.

Sources: Security Hub API reference ("Errors" of each operation, "Common errors"), STS API reference
(AssumeRole, AssumeRoleWithWebIdentity, "Common errors"), IAM user guide ("Troubleshoot access denied error
messages", "Manage AWS STS in an AWS Region"), botocore's exceptions.
"""

from botocore import exceptions as boto

from posture.aws.client.errors import (
    AccessDenied,
    CredentialsRefused,
    CredentialsUnavailable,
    HubNotEnabled,
    InvalidRequest,
    RegionUnavailable,
    RoleNotAssumable,
    Terminal,
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
    NOWHERE,
    OPT_IN,
    OWN,
    SET_CLOCK,
    SIGNATURES,
    UNKNOWN_KEYS,
    UNTRUSTED,
    Row,
    of,
)
from posture.aws.client.refusals.unanswered import PASSING_ROWS, UNANSWERED_ROWS

_STS_ROWS = (
    Row(
        RegionUnavailable,
        "Activate STS for {region} in {role_account}; an opt-in Region has to be enabled there and in the"
        " operator's own account: {action} was refused to {who}",
        codes=of("RegionDisabledException"),
        operations=ASSUMES | OWN,
    ),
    Row(
        CredentialsUnavailable,
        "Check that the cluster's OIDC provider exists in {role_account} with audience sts.amazonaws.com,"
        " and that the role's trust policy names this service account: {action} was refused to {who} in"
        " {region}",
        codes=of("IDPRejectedClaim", "InvalidIdentityToken"),
        operations=OWN,
    ),
    Row(
        CredentialsUnavailable,
        "The token of {who} ran out: check that the pod's token is a projected one, which the kubelet"
        " renews, and this machine's clock; {action} was refused in {region}",
        codes=EXPIRED,
        operations=OWN,
    ),
    Row(
        CredentialsUnavailable,
        OPT_IN,
        codes=UNKNOWN_KEYS,
        operations=OWN,
    ),
    Row(CredentialsUnavailable, DENIED, codes=DENIALS, operations=OWN, message=EXPLICIT),
    Row(CredentialsUnavailable, NOT_AWS, codes=of("401", "403"), operations=OWN),
    Row(
        RoleNotAssumable,
        "Pass fewer session tags with {who}: {action} in {region} is refused since they are too large"
        " together",
        codes=of("PackedPolicyTooLarge"),
        operations=ASSUMES,
    ),
    Row(
        RoleNotAssumable,
        "Correct the role's ARN ({role}) or the grant's externalId: STS takes one of them for no such"
        " thing, and refused {action} to {who} in {region}",
        codes=of("ValidationError"),
        operations=ASSUMES,
    ),
    Row(RoleNotAssumable, DENIED, codes=DENIALS, operations=ASSUMES, message=EXPLICIT),
    Row(
        RoleNotAssumable,
        NOWHERE,
        codes=DENIALS,
        operations=ASSUMES,
        message=UNTRUSTED,
    ),
    Row(RoleNotAssumable, NOT_AWS, codes=of("401", "403"), operations=ASSUMES),
    Row(
        RoleNotAssumable,
        "Check that {role} exists, that its trust policy lets {who} assume it {condition}, and that {who}"
        " is allowed {action} in {region}",
        codes=DENIALS,
        operations=ASSUMES,
    ),
)
_CREDENTIAL_ROWS = (
    Row(CredentialsRefused, SET_CLOCK, codes=SIGNATURES, message=CLOCK),
    Row(CredentialsRefused, SET_CLOCK, codes=LATE),
    Row(
        CredentialsRefused,
        "Check the secret key of {who}, and that no proxy before {region} changes requests such as {action}",
        codes=SIGNATURES,
    ),
    Row(
        CredentialsRefused,
        f"Check that the credentials of {{who}} are alive. {OPT_IN}",
        codes=UNKNOWN_KEYS,
    ),
    Row(
        CredentialsRefused,
        "The credentials of {who} ran out, and so had those in their place: check where they come from;"
        " {action} was refused in {region}",
        codes=EXPIRED,
    ),
    Row(
        CredentialsRefused,
        "A proxy before {region} takes the signature off requests such as {action} of {who}, or the"
        " endpoint is another one",
        codes=of("MissingAuthenticationToken", "MissingAuthenticationTokenException"),
    ),
    Row(RegionUnavailable, OPT_IN, codes=of("OptInRequired", "RegionDisabledException")),
    Row(
        CredentialsUnavailable,
        "Check that {role} exists and that its trust policy lets this pod's identity assume it, for"
        " {action} by {who} in {region}; or give the pod another one (IRSA, EKS Pod Identity, instance"
        " profile or AWS_* variables)",
        operations=OWN,
    ),
    Row(RoleNotAssumable, f"{LOOK_UP}; check the trust policy of {{role}}", operations=ASSUMES),
)
_HUB_ROWS = (
    Row(HubNotEnabled, HUB, codes=of("InvalidAccessException"), operations=NEEDS_A_HUB),
    Row(
        HubNotEnabled,
        HUB,
        codes=of("InvalidAccessException", "SubscriptionRequiredException"),
        message=NO_HUB,
    ),
    Row(
        HubNotEnabled,
        "Finish the registration of {account}, then enable Security Hub CSPM in {region}: {action} was"
        " refused to {who}",
        codes=of("SubscriptionRequiredException"),
    ),
    Row(HubNotEnabled, HUB, codes=of("ResourceNotFoundException"), operations=of("DescribeHub")),
    Row(AccessDenied, DENIED, codes=DENIALS, message=EXPLICIT),
    Row(
        AccessDenied,
        "Allow {action} to this identity ({who}) in {region}, in the key's policy as well as in IAM",
        codes=DENIALS,
        message=KEY,
    ),
    Row(AccessDenied, NOWHERE, codes=DENIALS, message=IMPLICIT),
    Row(
        AccessDenied,
        "Allow {action} to this identity ({who}) in {region}",
        codes=DENIALS | of("InvalidAccessException"),
    ),
    Row(AccessDenied, f"{NOT_AWS}; else allow it", codes=of("403")),
    Row(
        CredentialsRefused,
        "Something that is not AWS refused {action} to {who} in {region}: does a proxy want a login?",
        codes=of("401", "407"),
    ),
    Row(
        TokenRefused,
        "{action} of {who} in {region} refuses a NextToken that it gave: the window is read again from its"
        " first page",
        codes=INVALID,
        paging=True,
    ),
    Row(
        InvalidRequest,
        "This is a defect of the operator or of a filter it was given: please report it, with {action},"
        " refused to {who} in {region}",
        codes=INVALID,
        raised=(boto.ParamValidationError,),
    ),
    Row(
        Terminal,
        "{region} does not offer {action} to {who}: name another Region, or leave out what needs it",
        codes=of("InvalidAction", "UnknownOperationException"),
    ),
    Row(
        Terminal,
        f"Somebody else changes the same thing: {LATER}",
        codes=of("ConflictException", "ResourceConflictException", "ResourceInUseException"),
    ),
    Row(Terminal, "What {action} asks for is not there in {region} for {who}", codes=ABSENT),
)
ROWS: tuple[Row, ...] = (
    *PASSING_ROWS,
    *UNANSWERED_ROWS,
    *_STS_ROWS,
    *_CREDENTIAL_ROWS,
    *_HUB_ROWS,
    Row(Terminal, LOOK_UP),
)
"""The last one fits whatever no other does."""
