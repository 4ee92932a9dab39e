"""Addresses as PostgreSQL's programs get them: on a command line that everybody may read."""

import pytest

from adapters.backup.connecting import Address


@pytest.mark.parametrize(("dsn", "target", "secrets"), [
    ("postgresql://me:p%40ss@host:5432/db", "postgresql://me@host:5432/db", {"PGPASSWORD": "p@ss"}),
    ("postgresql://host/db", "postgresql://host/db", {}),
    ("postgresql://me@host/db?password=x&sslmode=require", "postgresql://me@host/db?sslmode=require", {"PGPASSWORD": "x"}),
    ("postgresql://me:secret@/db?host=%2Fvar%2Frun", "postgresql://me@/db?host=%2Fvar%2Frun", {"PGPASSWORD": "secret"}),
    ("postgresql://me:x@a,b:5433/db", "postgresql://me@a,b:5433/db?target_session_attrs=primary", {"PGPASSWORD": "x"}),
    ("postgresql://a,b/db?target_session_attrs=any", "postgresql://a,b/db?target_session_attrs=any", {}),
])
def test_the_password_goes_into_the_environment_and_of_several_hosts_the_primary_is_meant(
    dsn: str, target: str, secrets: dict[str, str]
) -> None:
    assert Address(dsn, "catalog").for_programs() == (target, secrets)


def test_the_replication_protocol_is_asked_for_by_a_parameter() -> None:
    assert Address("postgresql://host/db", "catalog").for_programs(replication="true")[0] == "postgresql://host/db?replication=true"
