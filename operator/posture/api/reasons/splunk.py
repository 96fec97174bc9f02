"""What the reasons of outputs to Splunk mean: by which of its answers, or why none came."""

from posture.api.reasons.meaning import Meaning, Meanings

_TOKEN = "Have the token checked in Splunk; a new one is used as soon as `tokenFile` has it."  # noqa: S105 - advice
_PROXY = "Look for a proxy that takes headers away."
_WAIT = "Nothing, or have Splunk looked at: it is tried again with growing pauses."

SPLUNK: Meanings = {
    "AckDisabled": Meaning(
        "The token has no indexer acknowledgement.",
        "Turn it on in Splunk, or `acknowledge` of the output off.",
    ),
    "CaFileUnreadable": Meaning("`caFile` has no certificates.", "Mount it, or correct the path."),
    "CertificateNotTrusted": Meaning(
        "Splunk's certificate is of an authority that is not trusted.", "Put that into `caFile`."
    ),
    "ChannelMissing": Meaning("Splunk received no channel.", _PROXY),
    "IncorrectIndex": Meaning(
        "The token may not write to the output's `index`.", "Correct it, or allow it to the token."
    ),
    "InvalidAuthorization": Meaning("Splunk does not understand the authorization.", _TOKEN),
    "InvalidChannel": Meaning("Splunk refuses the channel.", _PROXY),
    "InvalidToken": Meaning("Splunk does not know the token, or not yet everywhere.", _TOKEN),
    "NotACollector": Meaning("There is no HTTP Event Collector at `url`.", "Correct it."),
    "NotAcknowledged": Meaning("Splunk took something, and has not said that it is indexed.", _WAIT),
    "NotSplunk": Meaning(
        "Something between answers in Splunk's place.", "Correct `url`, or have the proxy looked at."
    ),
    "Redirected": Meaning(
        "The collector redirects, which is not followed: the token goes nowhere else.", "Correct `url`."
    ),
    "SplunkBusy": Meaning("Splunk is busy, full, or shutting down.", _WAIT),
    "SplunkError": Meaning("Splunk has an error of its own.", _WAIT),
    "SplunkUnavailable": Meaning("Splunk cannot be reached, or does not answer in time.", _WAIT),
    "TokenDisabled": Meaning("The token is disabled.", _TOKEN),
    "TokenRequired": Meaning("Splunk received no token.", _PROXY),
    "TokenUnreadable": Meaning("`tokenFile` has no token.", "Mount the Secret there, or correct the path."),
}
