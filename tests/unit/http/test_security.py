"""The ten risks of OWASP's list for APIs (2023), over the memory adapters."""

from tests.contracts.http.security.assignment import AssignmentSuite
from tests.contracts.http.security.functions import FunctionsSuite
from tests.contracts.http.security.fuzz import FuzzSuite, mine, somebody
from tests.contracts.http.security.leaks import LeaksSuite
from tests.contracts.http.security.resources import ResourcesSuite
from tests.contracts.http.security.tenants import InventorySuite, TenantsSuite

__all__ = ["mine", "somebody"]


class TestInventory(InventorySuite): ...


class TestTenants(TenantsSuite): ...


class TestAssignment(AssignmentSuite): ...


class TestFunctions(FunctionsSuite): ...


class TestResources(ResourcesSuite): ...


class TestLeaks(LeaksSuite): ...


class TestFuzz(FuzzSuite): ...
