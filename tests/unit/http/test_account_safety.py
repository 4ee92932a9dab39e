"""Accounts' safety over the memory adapters."""

from tests.contracts.http.account_safety import AuditSuite, PasswordSuite, SignInsSuite, VerificationSuite
from tests.contracts.http.throttling import ThrottlingSuite


class TestVerification(VerificationSuite): ...


class TestPasswords(PasswordSuite): ...


class TestSignIns(SignInsSuite): ...


class TestAudit(AuditSuite): ...


class TestThrottling(ThrottlingSuite): ...
