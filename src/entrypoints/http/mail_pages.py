"""The pages that links in mails open: /verify-email and /reset-password.

The token stands behind the '#', so that it is sent nowhere by opening the page: who only looks at links, as mail scanners do,
uses no token up. A web client under ONELAST_PUBLIC_URL may have pages of its own in their place.
"""

from base64 import b64encode
from hashlib import sha256
from typing import Final

from litestar import Response, get

_SCRIPT: Final = """
const form = document.forms[0], told = document.querySelector("output");
form.addEventListener("submit", async event => {
  event.preventDefault();
  const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
  const body = Object.fromEntries(new FormData(form));
  const answer = await fetch(form.dataset.to, {
    method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify({token, ...body}),
  }).catch(() => null);
  if (answer && answer.ok) {
    form.remove();
    told.textContent = form.dataset.done;
    history.replaceState(null, "", location.pathname);
  } else told.textContent = answer ? (await answer.json()).error.message : "The service cannot be reached; please try again.";
});
"""
_STYLE: Final = (
    "body{font:1.1rem/1.5 system-ui;max-width:28rem;margin:15vh auto;padding:0 1rem}input,button{font:inherit;padding:.4rem}"
)
_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>{style}</style><h1>{title}</h1>
<form data-to="{to}" data-done="{done}">{fields}<button>{button}</button></form>
<p><output></output></p><script>{script}</script></html>
"""
_NEW: Final = (
    '<label>New password <input name="password" type="password" autocomplete="new-password" minlength="8" maxlength="256" '
    "required></label> "
)
_VERIFY: Final = _PAGE.format(
    title="Is this your address?", style=_STYLE, to="/v1/auth/verify-email", done="Thank you: your address is verified.",
    fields="", button="Yes, it is mine", script=_SCRIPT,
)
_RESET: Final = _PAGE.format(
    title="A new password", style=_STYLE, to="/v1/auth/password-reset/confirm", done="Your new password is set: sign in with it.",
    fields=_NEW, button="Set it", script=_SCRIPT,
)


def _hashed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_HEADERS: Final = {
    "content-security-policy": (
        f"default-src 'none'; script-src {_hashed(_SCRIPT)}; style-src {_hashed(_STYLE)}; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
}


@get("/verify-email", include_in_schema=False, sync_to_thread=False)
def verify_email_page() -> Response[str]:
    """Return the page on which somebody says that an address is theirs."""
    return Response(_VERIFY, media_type="text/html; charset=utf-8", headers=_HEADERS)


@get("/reset-password", include_in_schema=False, sync_to_thread=False)
def reset_password_page() -> Response[str]:
    """Return the page on which somebody sets a new password."""
    return Response(_RESET, media_type="text/html; charset=utf-8", headers=_HEADERS)
