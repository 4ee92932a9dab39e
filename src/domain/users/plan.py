"""What the user pays for, and what the user may do."""

from enum import StrEnum


class Plan(StrEnum):
    """What the user pays for."""

    FREE = "free"
    STANDARD = "standard"
    PRO = "pro"
    ENTERPRISE = "enterprise"


class UserRole(StrEnum):
    """What the user may do beside using the service."""

    USER = "user"
    ADMIN = "admin"
