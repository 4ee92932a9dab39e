"""What the statements are called: in measurements, in logs, and on the server."""

import gc
import re
from collections import Counter

from sqlalchemy import Integer, bindparam, select

from adapters.postgres.statement import Change, Statement, as_one
from tests.support.statements import all_statements

WELL_FORMED = re.compile(r"[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)+")
MADE_ON_DEMAND = ("test.", "consistency.")
ONE = Statement(select(bindparam("one", type_=Integer)), "test.one")
TWO = Statement(select(bindparam("two", type_=Integer)), "test.two")


def changes(*statements: Statement) -> list[Change]:
    return [Change(statement, {"one": 1, "two": 2}) for statement in statements]


def test_every_name_is_given_once() -> None:
    assert {name: count for name, count in Counter(one.name for one in all_statements()).items() if count > 1} == {}


def test_every_name_is_an_area_and_what_is_done_there() -> None:
    assert [one.name for one in all_statements() if not WELL_FORMED.fullmatch(one.name)] == []


def test_no_statement_is_missed() -> None:
    found = set(map(id, all_statements()))
    alive = [one for one in gc.get_objects() if type(one) is Statement and not one.name.startswith(MADE_ON_DEMAND)]
    assert [one.name for one in alive if id(one) not in found] == []
    assert len(found) > 50


def test_the_text_tells_the_name_behind_its_first_word() -> None:
    for statement in all_statements():
        assert statement.text.split(maxsplit=1)[1].startswith(f"/* {statement.name} */ ")


def test_a_commit_is_called_by_its_parts_each_named_once() -> None:
    name, text, arguments = as_one(changes(ONE, TWO, ONE), "shard")
    assert name == "test.one+test.two"
    assert text.startswith("WITH /* test.one+test.two */ c0 AS (SELECT $1")
    assert text.count("/*") == 1
    assert arguments == [1, 2, 1]


def test_commits_of_more_or_less_of_the_same_have_one_name() -> None:
    names = {as_one(changes(ONE, *[TWO] * count), "shard")[0] for count in (1, 2, 50)}
    assert names == {"test.one+test.two"}
