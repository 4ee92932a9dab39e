"""Amounts of money: counted in billionths of a dollar, so that a token of the cheapest model is a whole number of them."""

from decimal import Decimal, InvalidOperation
from typing import Final

from domain.shared.errors import Invalid

NANOS: Final = 1_000_000_000
_MOST_DOLLARS: Final = 1_000_000_000


def nanos_of(dollars: str, *, param: str) -> int:
    """Return an amount of dollars ('12.50', exact to a billionth) in billionths; Invalid names `param`."""
    try:
        amount = Decimal(dollars.strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= _MOST_DOLLARS or amount * NANOS % 1:
        raise Invalid(
            f"'{param}' must be an amount of dollars from 0 to {_MOST_DOLLARS}, with 9 decimals at most.", param=param
        )
    return int(amount * NANOS)


def dollars_of(nanos: int) -> str:
    """Return billionths of a dollar as dollars in plain decimal digits."""
    return f"{Decimal(nanos) / NANOS:f}"
