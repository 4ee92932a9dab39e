"""All that the system can do: its table of contents."""

from typing import Final

from dishka import Provider, Scope, provide

from application.agents.create_agent import CreateAgent
from application.agents.edit_agent import EditAgent
from application.agents.queries import ListAgents, ListOwnAgents, ReadAgent
from application.agents.retire_agent import RetireAgent
from application.agents.seed_catalogue import SeedCatalogue
from application.analytics.read_usage import ReadUsage
from application.completions.complete_chat import CompleteChat
from application.completions.queries import ListNamedModels, ReadNamedModel
from application.completions.settlement import Settlement
from application.erasure.erase_user import EraseUser
from application.export.export_user import ExportUser
from application.forget_keys import ForgetKeys
from application.limits.admit_request import AdmitRequest
from application.naming import Naming
from application.reactions.relay import RelayOutbox
from application.refuse_reused_key import RefuseReusedKey
from application.runs.cancel_run import CancelRun
from application.runs.casting import Casting
from application.runs.create_response import CreateResponse
from application.runs.delete_response import DeleteResponse
from application.runs.find_active_run import FindActiveRun
from application.runs.joining import Joining
from application.runs.make_reply import MakeReply
from application.runs.queries import FollowRun, ReadReply, ReadRun
from application.runs.read_response import ReadResponse
from application.runs.regenerate_reply import RegenerateReply
from application.runs.send_message import SendMessage
from application.runs.stop_reply import StopReply
from application.runs.tend_runs import TendRuns
from application.sessions.add_messages import AddMessages
from application.sessions.delete_session import DeleteSession
from application.sessions.edit_session import EditSession
from application.sessions.open_chat import OpenChat
from application.sessions.open_session import OpenSession
from application.sessions.queries import FindChat, ListSessions, ReadMessages, ReadSession, ReadShare, ReadShared
from application.sessions.read_message import ReadMessage
from application.sessions.remove_message import RemoveMessage
from application.sessions.revoke_share import RevokeShare
from application.sessions.share_session import ShareSession
from application.users.account_queries import ListAuditLog, ListSignIns
from application.users.admin_queries import ListUsers, ReadUser
from application.users.authenticate import Authenticate
from application.users.begin_oidc_sign_in import BeginOidcSignIn
from application.users.change_password import ChangePassword
from application.users.change_standing import ChangeStanding
from application.users.end_sign_in import EndSignIn
from application.users.end_sign_ins import EndSignIns
from application.users.finish_oidc_sign_in import FinishOidcSignIn
from application.users.forget_api_keys import ForgetApiKeys
from application.users.forget_tokens import ForgetTokens
from application.users.issue_api_key import IssueApiKey
from application.users.list_providers import ListProviders
from application.users.log_in import LogIn
from application.users.log_out import LogOut
from application.users.queries import ListApiKeys, ReadProfile
from application.users.refresh_tokens import RefreshTokens
from application.users.register_user import RegisterUser
from application.users.rename_user import RenameUser
from application.users.request_password_reset import RequestPasswordReset
from application.users.request_verification import RequestVerification
from application.users.reset_password import ResetPassword
from application.users.revoke_api_key import RevokeApiKey
from application.users.verify_email import VerifyEmail
from domain.analytics.usage import PriceList
from domain.users.limits import Plans
from domain.users.plan import Plan
from entrypoints.settings import Settings

OF_REQUESTS: Final[tuple[type, ...]] = (
    RefuseReusedKey, AdmitRequest,
    RegisterUser, LogIn, RefreshTokens, LogOut, Authenticate, ReadProfile, RenameUser, EraseUser, ExportUser,
    IssueApiKey, ListApiKeys, RevokeApiKey,
    VerifyEmail, RequestVerification, RequestPasswordReset, ResetPassword, ChangePassword,
    ListSignIns, EndSignIn, EndSignIns, ListAuditLog,
    ListUsers, ReadUser, ChangeStanding,
    ListProviders, BeginOidcSignIn, FinishOidcSignIn,
    ListAgents, ReadAgent, ListOwnAgents, CreateAgent, EditAgent, RetireAgent,
    OpenSession, ListSessions, ReadSession, EditSession, DeleteSession,
    ShareSession, ReadShare, RevokeShare, ReadShared,
    ReadMessages, SendMessage, ReadRun, ReadReply, FollowRun, CancelRun,
    ListNamedModels, ReadNamedModel, CompleteChat,
    CreateResponse, ReadResponse, DeleteResponse, AddMessages, ReadMessage, RemoveMessage,
    FindChat, OpenChat, RegenerateReply, FindActiveRun, StopReply,
    ReadUsage,
)
OF_THE_SYSTEM: Final[tuple[type, ...]] = (
    SeedCatalogue, MakeReply, TendRuns, RelayOutbox, ForgetKeys, ForgetApiKeys, ForgetTokens,
)


class UseCasesProvider(Provider):
    """Every use case, made from the ports that it names."""

    scope = Scope.APP
    naming = provide(Naming)
    casting = provide(Casting)
    joining = provide(Joining)
    settlement = provide(Settlement)

    def __init__(self) -> None:
        super().__init__()
        for case in (*OF_REQUESTS, *OF_THE_SYSTEM):
            self.provide(case)

    @provide
    def signup_plan(self, settings: Settings) -> Plan:
        """Return the plan that new accounts get."""
        return settings.signup_plan

    @provide
    def plans(self, settings: Settings) -> Plans:
        """Return what plans allow."""
        return Plans(settings.plans)

    @provide
    def prices(self, settings: Settings) -> PriceList:
        """Return what models cost."""
        return settings.price_list
