"""All that the system can do: its table of contents."""

from typing import Final

from dishka import Provider, Scope, provide

from application.agents.create_agent import CreateAgent
from application.agents.edit_agent import EditAgent
from application.agents.queries import ListAgents, ListOwnAgents, ReadAgent
from application.agents.retire_agent import RetireAgent
from application.agents.seed_catalogue import SeedCatalogue
from application.forget_keys import ForgetKeys
from application.reactions.relay import RelayOutbox
from application.refuse_reused_key import RefuseReusedKey
from application.runs.cancel_run import CancelRun
from application.runs.make_reply import MakeReply
from application.runs.queries import FollowRun, ReadReply, ReadRun
from application.runs.send_message import SendMessage
from application.runs.tend_runs import TendRuns
from application.sessions.delete_session import DeleteSession
from application.sessions.edit_session import EditSession
from application.sessions.open_session import OpenSession
from application.sessions.queries import ListSessions, ReadMessages, ReadSession, ReadShare, ReadShared
from application.sessions.revoke_share import RevokeShare
from application.sessions.share_session import ShareSession
from application.users.authenticate import Authenticate
from application.users.erase_user import EraseUser
from application.users.issue_api_key import IssueApiKey
from application.users.log_in import LogIn
from application.users.log_out import LogOut
from application.users.queries import ListApiKeys, ReadProfile
from application.users.refresh_tokens import RefreshTokens
from application.users.register_user import RegisterUser
from application.users.rename_user import RenameUser
from application.users.revoke_api_key import RevokeApiKey
from domain.users.user import Plan
from entrypoints.settings import Settings

OF_REQUESTS: Final[tuple[type, ...]] = (
    RefuseReusedKey,
    RegisterUser, LogIn, RefreshTokens, LogOut, Authenticate, ReadProfile, RenameUser, EraseUser,
    IssueApiKey, ListApiKeys, RevokeApiKey,
    ListAgents, ReadAgent, ListOwnAgents, CreateAgent, EditAgent, RetireAgent,
    OpenSession, ListSessions, ReadSession, EditSession, DeleteSession,
    ShareSession, ReadShare, RevokeShare, ReadShared,
    ReadMessages, SendMessage, ReadRun, ReadReply, FollowRun, CancelRun,
)
OF_THE_SYSTEM: Final[tuple[type, ...]] = (SeedCatalogue, MakeReply, TendRuns, RelayOutbox, ForgetKeys)


class UseCasesProvider(Provider):
    """Every use case, made from the ports that it names."""

    scope = Scope.APP

    def __init__(self) -> None:
        super().__init__()
        for case in (*OF_REQUESTS, *OF_THE_SYSTEM):
            self.provide(case)

    @provide
    def signup_plan(self, settings: Settings) -> Plan:
        """Return the plan that new accounts get."""
        return settings.signup_plan
