"""One client's socket."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from litestar.types import Receive, Send

from application.actor import Actor
from application.ports.run_bell import BellFeed, RunBell
from application.runs.cancel_run import CancelRun
from application.runs.queries import FollowRun
from application.runs.send_message import SendMessage
from application.users.authenticate import Authenticate, AuthenticateCommand
from domain.shared.errors import DomainError, Invalid, Unauthenticated
from entrypoints.http.event_stream import OpenStreams
from entrypoints.http.stall_watch import StallWatch
from entrypoints.realtime.commands import Commands
from entrypoints.realtime.follower import Follower
from entrypoints.realtime.following import FollowedRuns
from entrypoints.realtime.frames import label_of, read_frame
from entrypoints.realtime.line import Line

RESTARTING: Final = (1012, "service restart")
TOO_SLOW: Final = (1013, "the client does not read")
SIGNED_OUT: Final = (4401, "signed out")
_MOST_RUNS: Final = 50
_MOST_COMMANDS: Final = 20
