"""An STS that gives away its accounts' numbers as access keys, records what it is asked, and refuses."""

from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from aiohttp import web

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class Sts:
    """A small STS that records what it is asked, and refuses on request.

    `refusals`: status, code and message of the next answers. `bodies`: status and body of those before them.
    """

    def __init__(self, account: str) -> None:
        self.account = account
        self.asked: list[dict[str, str]] = []
        self.refusals: list[tuple[int, str, str]] = []
        self.bodies: list[tuple[int, str]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        asked = {name: values[0] for name, values in parse_qs(await request.text()).items()}
        asked["by"] = request.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        self.asked.append(asked)
        if self.bodies:
            status, body = self.bodies.pop(0)
            return web.Response(status=status, text=body, content_type="text/xml")
        if self.refusals:
            status, code, message = self.refusals.pop(0)
            error = (
                f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
            )
            return web.Response(
                status=status,
                text=f'<ErrorResponse xmlns="{NAMESPACE}">{error}</ErrorResponse>',
                content_type="text/xml",
            )
        account = asked.get("RoleArn", f"::::{self.account}").split(":")[4]
        given = {
            "GetCallerIdentity": f"<Account>{account}</Account>",
            "AssumeRole": (
                f"<Credentials><AccessKeyId>{account}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                "<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
            ),
        }[asked["Action"]]
        action = asked["Action"]
        result = f"<{action}Result>{given}</{action}Result>"
        document = f'<{action}Response xmlns="{NAMESPACE}">{result}</{action}Response>'
        return web.Response(text=document, content_type="text/xml")

    def of(self, action: str) -> list[dict[str, str]]:
        return [asked for asked in self.asked if asked["Action"] == action]
