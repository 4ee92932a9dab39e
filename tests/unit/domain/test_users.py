"""Accounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import Invalid
from domain.users.plan import Plan
from domain.users.user import User, check_password, parse_email
from tests.support.builders import LATER, NOW, new_user, new_user_id


@pytest.mark.parametrize(("written", "kept"), [
    ("ada@example.org", "ada@example.org"), ("  Ada@Example.ORG\n", "ada@example.org"), ("a.b+c@sub.example.co.uk",) * 2,
    ("grüße@münchen.example",) * 2, (f"{'x' * 64}@example.org",) * 2, (f"a@{'x' * 248}.org",) * 2,
])
def test_an_address_is_kept_in_lower_case(written: str, kept: str) -> None:
    assert parse_email(written) == kept


@pytest.mark.parametrize("written", [
    "", "ada", "ada@", "@example.org", "ada@example", "ada@@example.org", "a@b@example.org", "ada@example.", "ada@.org",
    "ada@a..org", "ada lovelace@example.org", "ada@exam ple.org", "ada@example.org\nbcc: x@y.z", "a\0@example.org",
    f"{'x' * 65}@example.org", f"a@{'x' * 249}.org",
], ids=repr)
def test_what_does_not_look_like_an_address_is_refused_by_name(written: str) -> None:
    with pytest.raises(Invalid, match="'email' is not an e-mail address") as refused:
        parse_email(written)
    assert refused.value.param == "email"


@given(st.from_regex(r"\A[^@\s]{1,20}@[^@\s]{1,20}\.[^@\s]{1,9}\Z") | st.emails())
def test_an_address_that_is_kept_is_kept_again_unchanged(written: str) -> None:
    try:
        kept = parse_email(written)
    except Invalid:
        return
    assert parse_email(kept) == kept


@given(st.emails().filter(lambda written: len(written.partition("@")[0]) <= 64))
def test_an_address_is_the_same_in_whatever_case_it_is_written(written: str) -> None:
    assert parse_email(written.upper()) == parse_email(written) == written.lower()


@pytest.mark.parametrize("password", ["12345678", "x" * 256, " " * 8, "пароль-🐙", "correct horse battery staple"])
def test_any_password_of_8_to_256_characters_is_taken_as_it_is(password: str) -> None:
    assert check_password(password) == password


@pytest.mark.parametrize("password", ["", "1234567", "🐙" * 7, "x" * 257])
def test_shorter_and_longer_ones_are_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_password(password)
    assert (refused.value.param, str(refused.value)) == ("password", "'password' must have 8 to 256 characters.")


def test_registering_keeps_the_rules_and_begins_the_history() -> None:
    user = User.register(new_user_id(), email=" Ada@Example.org", name=" Ada ", plan=Plan.PRO, now=NOW)
    assert (user.email, user.name, user.plan) == ("ada@example.org", "Ada", Plan.PRO)
    assert (user.created_at, user.updated_at, user.version) == (NOW, NOW, 0)


@pytest.mark.parametrize(("email", "name", "param"), [("ada", "Ada", "email"), ("ada@example.org", "  ", "name")])
def test_registering_names_what_is_wrong(email: str, name: str, param: str) -> None:
    with pytest.raises(Invalid) as refused:
        User.register(new_user_id(), email=email, name=name, plan=Plan.FREE, now=NOW)
    assert refused.value.param == param


def test_renaming_changes_the_name_and_the_time_and_nothing_else() -> None:
    user = new_user("ada@example.org")
    user.rename("  Countess Lovelace ", now=LATER)
    assert (user.name, user.updated_at) == ("Countess Lovelace", LATER)
    assert (user.email, user.plan, user.created_at) == ("ada@example.org", Plan.STANDARD, NOW)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\0b"])
def test_a_name_that_breaks_a_rule_changes_nothing(name: str) -> None:
    user = new_user()
    with pytest.raises(Invalid) as refused:
        user.rename(name, now=LATER)
    assert refused.value.param == "name"
    assert (user.name, user.updated_at) == ("Ada", NOW)
