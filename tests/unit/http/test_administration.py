"""Roles, plans and keys with scopes over the memory adapters."""

from tests.contracts.http.administration import AdministrationSuite, OtherNodesSuite
from tests.contracts.http.scopes import ScopesSuite


class TestScopes(ScopesSuite): ...


class TestAdministration(AdministrationSuite): ...


class TestOtherNodes(OtherNodesSuite): ...
