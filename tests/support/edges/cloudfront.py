"""CloudFront's API, as far as invalidations go."""

from xml.etree import ElementTree as Xml
from xml.sax.saxutils import escape

from aiohttp import web

from tests.support.edges.aws_signature import is_signed_with, signer
from tests.support.edges.vendor_api import VendorApi

KEY_ID, SECRET = "AKIATESTTESTTESTTEST", "aws-secret-0123456789"
DISTRIBUTION = "E2QWRUHAPOMQZL"
MOST_IN_PROGRESS = 3000
LONGEST_TAG = 256
NAMESPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
_PATH = f"/2020-05-31/distribution/{DISTRIBUTION}/invalidation"


class CloudFrontApi(VendorApi):
    """`references` are the batches by their CallerReference; what was begun is in progress until `finish`."""

    def __init__(self) -> None:
        super().__init__()
        self.references: dict[str, list[str]] = {}
        self._in_progress = 0

    def finish(self) -> None:
        """End all invalidations."""
        self._in_progress = 0

    async def answer(self, request: web.Request) -> web.Response:
        if signer(request) != KEY_ID:
            return _error(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        if not await is_signed_with(request, SECRET):
            return _error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        if request.path != _PATH or request.method != "POST":
            return _error(404, "NoSuchDistribution", "The specified distribution does not exist.")
        batch = _read(await request.text())
        if isinstance(batch, web.Response):
            return batch
        return self._begin(*batch)

    def _begin(self, reference: str, items: list[str]) -> web.Response:
        if reference in self.references:
            if self.references[reference] != items:
                return _error(400, "InvalidationBatchAlreadyExists", "The caller reference was used before.")
            return _begun(reference, items)
        if self._in_progress + len(items) > MOST_IN_PROGRESS:
            return _error(400, "TooManyInvalidationsInProgress", "Processing your request will cause you to exceed the maximum.")
        self._in_progress += len(items)
        self.references[reference] = items
        self.cache.purge(item[1:] for item in items)
        return _begun(reference, items)


def _read(body: str) -> tuple[str, list[str]] | web.Response:
    """Return a batch's reference and items, or the error."""
    if not body:
        return _error(400, "MissingBody", "This operation requires a body.")
    try:
        batch = Xml.fromstring(body)
    except Xml.ParseError:
        return _error(400, "MalformedXML", "The XML document is malformed.")
    names = {"": NAMESPACE}
    reference = batch.findtext("CallerReference", "", names)
    quantity = batch.findtext("Paths/Quantity", "", names)
    items = [item.text or "" for item in batch.findall("Paths/Items/Path", names)]
    if batch.tag != f"{{{NAMESPACE}}}InvalidationBatch" or not reference or not quantity.isdecimal():
        return _error(400, "MalformedXML", "The XML document is not an InvalidationBatch.")
    if int(quantity) != len(items):
        return _error(400, "InconsistentQuantities", "The value of Quantity and the size of Items don't match.")
    if not items or not all(map(_is_tag, items)):
        return _error(400, "InvalidArgument", "Your request contains one or more invalid invalidation paths.")
    return reference, items


def _is_tag(item: str) -> bool:
    tag = item.removeprefix("#")
    return tag != item and 0 < len(tag) <= LONGEST_TAG and all("!" <= letter <= "~" and letter != "," for letter in tag)


def _begun(reference: str, items: list[str]) -> web.Response:
    paths = "".join(f"<Path>{escape(item)}</Path>" for item in items)
    body = (
        f'<?xml version="1.0"?><Invalidation xmlns="{NAMESPACE}"><Id>I2J0I21PCUYOIK</Id><Status>InProgress</Status>'
        "<CreateTime>2026-01-01T00:00:00.000Z</CreateTime><InvalidationBatch>"
        f"<Paths><Quantity>{len(items)}</Quantity><Items>{paths}</Items></Paths>"
        f"<CallerReference>{escape(reference)}</CallerReference></InvalidationBatch></Invalidation>"
    )
    return web.Response(status=201, text=body, content_type="text/xml", headers={"location": f"{_PATH}/I2J0I21PCUYOIK"})


def error_body(code: str, message: str) -> str:
    """Return what CloudFront says about an error."""
    return (
        f'<?xml version="1.0"?><ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )


def _error(status: int, code: str, message: str) -> web.Response:
    return web.Response(status=status, text=error_body(code, message), content_type="text/xml")
