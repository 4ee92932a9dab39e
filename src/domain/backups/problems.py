"""Why a backup cannot be made, read or restored, each in one sentence for an operator."""


class BackupProblem(Exception):
    """A backup cannot be made, read or restored; the message says what is wrong."""


class TargetAway(BackupProblem):
    """The place where backups are kept gives no answer or refuses."""


class ObjectMissing(BackupProblem):
    """An object that a backup needs is not there."""


class ObjectDamaged(BackupProblem):
    """An object is not what was stored under its name."""


class WrongKey(BackupProblem):
    """An object was encrypted with another key."""


class ServerRefuses(BackupProblem):
    """A database server cannot be reached or does not do what a backup needs."""


class NotRestorable(BackupProblem):
    """There is no backup from which this moment can be restored."""


class PlaceTaken(BackupProblem):
    """The place to restore into is not empty."""
