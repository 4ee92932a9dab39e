"""Why a move cannot go on."""


class MoveProblem(Exception):
    """The move cannot begin or go on now; the message is a sentence that tells why, without an address."""


class Stopped(Exception):
    """Somebody asked the move to stop; what it has done so far stands."""


class Unreachable(Exception):
    """A database could not be connected to; the message is its name, the cause tells why."""
