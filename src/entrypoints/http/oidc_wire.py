"""The wire of signing in elsewhere."""

from typing import Literal

from entrypoints.http.bounds import OwnPath
from entrypoints.http.wire import In, Out


class ProviderOut(Out, frozen=True):
    """A provider; a browser that opens `url` signs in there."""

    id: str
    url: str
    object: Literal["oidc_provider"] = "oidc_provider"


class LinkIn(In, frozen=True):
    """The path on this site to show in the end."""

    return_to: OwnPath = "/"


class LinkOut(Out, frozen=True):
    """Where to send the browser."""

    url: str
    object: Literal["oidc_link"] = "oidc_link"
