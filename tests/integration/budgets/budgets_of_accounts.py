"""What an account's safety, its administration and its usage cost."""

from typing import Final

from tests.integration.budgets.budget import Asked, Budget, Budgets, fixed
from tests.support.api import PASSWORD, Caller

_NEW_PASSWORD: Final = "a new battery, correctly stapled"


async def _ask_for_reset(caller: Caller, _: Caller) -> Asked:
    return Asked("/v1/auth/password-reset", {"email": caller.email})


async def _reset(caller: Caller, _: Caller) -> Asked:
    answer = await caller.post("/v1/auth/password-reset", {"email": caller.email})
    assert answer.status_code == 202, answer.text
    return Asked("/v1/auth/password-reset/confirm", {"password": _NEW_PASSWORD})


async def _other_device(caller: Caller, _: Caller) -> Asked:
    answer = await caller.http.post("/v1/auth/login", json={"email": caller.email, "password": PASSWORD})
    caller.http.cookies.clear()
    assert answer.status_code == 200, answer.text
    sign_ins = (await caller.get("/v1/auth/sessions")).json()["data"]
    (other,) = (one["id"] for one in sign_ins if not one["current"])
    return Asked(f"/v1/auth/sessions/{other}")


async def _user(caller: Caller, _: Caller) -> Asked:
    return Asked(f"/v1/admin/users/{caller.user['id']}")


async def _standing(caller: Caller, _: Caller) -> Asked:
    return Asked(f"/v1/admin/users/{caller.user['id']}", {"plan": "pro"})


_PASSWORDS: Final = {"current_password": PASSWORD, "new_password": _NEW_PASSWORD}

BUDGETS_OF_ACCOUNTS: Final[Budgets] = {
    ("POST", "/v1/auth/verify-email"): Budget(fixed("/v1/auth/verify-email", {}), 3, 3, mailed="verify-email"),
    ("POST", "/v1/auth/verify-email/resend"): Budget(fixed("/v1/auth/verify-email/resend"), 3, 2),
    ("POST", "/v1/auth/password-reset"): Budget(_ask_for_reset, 3, 3),
    ("POST", "/v1/auth/password-reset/confirm"): Budget(_reset, 7, 7, mailed="reset-password"),
    ("GET", "/verify-email"): Budget(fixed("/verify-email"), 0, 0),
    ("GET", "/reset-password"): Budget(fixed("/reset-password"), 0, 0),
    ("POST", "/v1/users/me/password"): Budget(fixed("/v1/users/me/password", _PASSWORDS), 6, 5),
    ("GET", "/v1/users/me/audit-log"): Budget(fixed("/v1/users/me/audit-log"), 2, 1),
    ("GET", "/v1/auth/sessions"): Budget(fixed("/v1/auth/sessions"), 2, 1),
    ("DELETE", "/v1/auth/sessions"): Budget(fixed("/v1/auth/sessions"), 4, 3),
    ("DELETE", "/v1/auth/sessions/{sign_in_id}"): Budget(_other_device, 3, 2),
    ("GET", "/v1/auth/oidc"): Budget(fixed("/v1/auth/oidc"), 0, 0),
    ("GET", "/v1/admin/users"): Budget(fixed("/v1/admin/users"), 2, 1, administrator=True),
    ("GET", "/v1/admin/users/{user_id}"): Budget(_user, 2, 1, administrator=True),
    ("PATCH", "/v1/admin/users/{user_id}"): Budget(_standing, 4, 3, administrator=True),
    ("GET", "/v1/usage"): Budget(fixed("/v1/usage"), 2, 1),
}
