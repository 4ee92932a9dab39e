"""The settings of backups."""

import pytest

from tests.unit.entrypoints.test_settings import SECRET, read, refused

PLACE = {"BACKUP_TARGET": "/backups", "BACKUP_KEY_FILE": "/key"}


def test_they_are_read_as_what_they_are() -> None:
    settings = read(
        BACKUP_TARGET="s3://bucket/some/prefix", BACKUP_KEY_FILE="key", BACKUP_EVERY="24", BACKUP_KEEP="14d",
        BACKUP_WAL_SECONDS="0.5", BACKUP_S3_ENDPOINT="https://minio:9000", BACKUP_DSNS="postgresql://a,b/one,postgresql://c/two",
    )
    assert (settings.backup_target, settings.backup_every, settings.backup_keep) == ("s3://bucket/some/prefix", 24.0, "14d")
    assert (settings.backup_wal_seconds, settings.backup_s3_endpoint) == (0.5, "https://minio:9000")
    assert settings.backup_dsns == ("postgresql://a,b/one", "postgresql://c/two")


@pytest.mark.parametrize(("name", "value"), [
    ("BACKUP_TARGET", "gs://bucket/x"), ("BACKUP_TARGET", "s3://"), ("BACKUP_TARGET", f"s3://{SECRET}@bucket/x"),
    ("BACKUP_KEEP", "0"), ("BACKUP_KEEP", "7w"), ("BACKUP_EVERY", "0"), ("BACKUP_EVERY", "daily"),
    ("BACKUP_WAL_SECONDS", "0"), ("BACKUP_S3_ENDPOINT", "minio:9000"), ("BACKUP_DSNS", f"mysql://root:{SECRET}@host/db"),
])
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str) -> None:
    message = refused(**PLACE | {name: value})
    assert message.startswith(f"ONELAST_{name} ")
    assert SECRET not in message


@pytest.mark.parametrize(("fields", "missing"), [
    ({"BACKUP_TARGET": "/backups"}, "ONELAST_BACKUP_TARGET needs ONELAST_BACKUP_KEY_FILE"),
    ({"BACKUP_EVERY": "24"}, "ONELAST_BACKUP_EVERY needs ONELAST_BACKUP_TARGET"),
])
def test_what_makes_no_sense_alone_is_refused_with_what_it_needs(fields: dict[str, str], missing: str) -> None:
    assert missing in refused(**fields)
