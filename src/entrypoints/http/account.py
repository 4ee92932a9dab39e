"""An account's safety: mailed tokens, the password, sign-ins and the audit log, under /v1/auth and /v1/users/me."""

from litestar import Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody

from application.paging import PageRequest
from application.users.account_queries import ListAuditLog, ListSignIns
from application.users.change_password import ChangePassword, ChangePasswordCommand
from application.users.end_sign_in import EndSignIn, EndSignInCommand
from application.users.end_sign_ins import EndSignIns, EndSignInsCommand
from application.users.request_password_reset import RequestPasswordReset, RequestPasswordResetCommand
from application.users.request_verification import RequestVerification, RequestVerificationCommand
from application.users.reset_password import ResetPassword, ResetPasswordCommand
from application.users.verify_email import VerifyEmail, VerifyEmailCommand
from entrypoints.http.access import SignedIn, UseCase, anybody, signed_in
from entrypoints.http.account_wire import (
    AuditEntryOut,
    EndedOut,
    MailedTokenIn,
    MailRequestOut,
    NewPasswordIn,
    PasswordChangeIn,
    PasswordResetIn,
    SignInOut,
)
from entrypoints.http.areas import Area
from entrypoints.http.cookies import sign_out_cookies
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.origin import origin_of
from entrypoints.http.parameters import pages, sign_in_in_path
from entrypoints.http.scopes import ACCOUNT
from entrypoints.http.wire import DeletedOut, ListOut, list_of

AnyCaller = Request[None, None, State]


@post("/auth/verify-email", status_code=204, guards=[anybody], summary="Verify an e-mail address")
async def verify(request: AnyCaller, data: JSONBody[MailedTokenIn], verify_email: UseCase[VerifyEmail]) -> None:
    """Show, by the token from a mail, that one reads what is sent there; each token is good once."""
    await verify_email.execute(VerifyEmailCommand(data.token, origin_of(request)))


@post("/auth/verify-email/resend", status_code=202, guards=[signed_in], opt=ACCOUNT, summary="Mail another token to verify with")
async def resend(
    request: SignedIn, request_verification: UseCase[RequestVerification], once: KeyedOnce
) -> MailRequestOut:
    """Have another mail sent, unless the address is verified; the token of the last one is then good no longer."""
    await request_verification.execute(RequestVerificationCommand(request.auth, once))
    return MailRequestOut()


@post("/auth/password-reset", status_code=202, guards=[anybody], summary="Ask for a new password")
async def ask_for_reset(
    request: AnyCaller, data: JSONBody[PasswordResetIn], request_password_reset: UseCase[RequestPasswordReset]
) -> MailRequestOut:
    """Have a token mailed to the address, if there is an account; the answer does not tell."""
    await request_password_reset.execute(RequestPasswordResetCommand(data.email, origin_of(request)))
    return MailRequestOut()


@post("/auth/password-reset/confirm", status_code=204, guards=[anybody], summary="Set a new password")
async def reset(request: AnyCaller, data: JSONBody[NewPasswordIn], reset_password: UseCase[ResetPassword]) -> None:
    """Set the password by the token from a mail, which is good once and for an hour; all sign-ins end."""
    await reset_password.execute(ResetPasswordCommand(data.token, data.password, origin_of(request)))


@post("/users/me/password", status_code=204, guards=[signed_in], opt=ACCOUNT, summary="Change your password")
async def change(
    request: SignedIn, data: JSONBody[PasswordChangeIn], change_password: UseCase[ChangePassword], once: KeyedOnce
) -> None:
    """Change the password; all other sign-ins end, API keys stay good."""
    command = ChangePasswordCommand(request.auth, data.current_password, data.new_password, once, origin_of(request))
    await change_password.execute(command)


@get(
    "/auth/sessions", guards=[signed_in], opt=ACCOUNT, dependencies={"page": Provide(pages("signin"), sync_to_thread=False)},
    summary="List where you are signed in",
)
async def list_them(
    request: SignedIn, page: NamedDependency[PageRequest], list_sign_ins: UseCase[ListSignIns]
) -> ListOut[SignInOut]:
    """Return the caller's sign-ins; what they last used is told as of the last renewal of their tokens."""
    current = request.auth.sign_in_id
    return list_of(await list_sign_ins.execute(request.auth, page), lambda sign_in: SignInOut.of(sign_in, current))


@delete("/auth/sessions/{sign_in_id:str}", status_code=200, guards=[signed_in], opt=ACCOUNT, summary="Sign one device out")
async def end_one(
    request: SignedIn, sign_in_id: FromPath[str], end_sign_in: UseCase[EndSignIn], once: KeyedOnce
) -> Response[DeletedOut]:
    """End one of the caller's sign-ins; its tokens are refused from now on."""
    wanted = sign_in_in_path(sign_in_id)
    await end_sign_in.execute(EndSignInCommand(request.auth, wanted, once, origin_of(request)))
    cookies = sign_out_cookies(request) if wanted == request.auth.sign_in_id else []
    return Response(DeletedOut(wanted, "sign_in"), cookies=cookies)


@delete("/auth/sessions", status_code=200, guards=[signed_in], opt=ACCOUNT, summary="Sign all devices out")
async def end_all(request: SignedIn, end_sign_ins: UseCase[EndSignIns], others: FromQuery[bool] = False) -> Response[EndedOut]:
    """End the caller's sign-ins, this one too unless `others` is true; API keys stay good."""
    ended = await end_sign_ins.execute(EndSignInsCommand(request.auth, others, origin_of(request)))
    return Response(EndedOut(ended), cookies=[] if others else sign_out_cookies(request))


@get(
    "/users/me/audit-log", guards=[signed_in], opt=ACCOUNT, summary="Read what was done to your account",
    dependencies={"page": Provide(pages("audit"), sync_to_thread=False)},
)
async def read_log(
    request: SignedIn, page: NamedDependency[PageRequest], list_audit_log: UseCase[ListAuditLog]
) -> ListOut[AuditEntryOut]:
    """Return what was done to the account, the newest first unless another order is asked for."""
    return list_of(await list_audit_log.execute(request.auth, page), AuditEntryOut.of)


area = Area(
    "/v1",
    route_handlers=[verify, resend, ask_for_reset, reset, change, list_them, end_one, end_all, read_log],
    dependencies={"once": Provide(once_in("catalog"))}, tags=["auth"],
)
