"""Errors that only some operations answer with, for the `responses` of their handlers."""

from litestar.openapi.datastructures import ResponseSpec

from entrypoints.http.wire import ErrorOut


def may_answer(*statuses: int) -> dict[int, ResponseSpec]:
    """Return what says so in the OpenAPI document, which tells of each in the words that it has for all."""
    return {status: ResponseSpec(ErrorOut) for status in statuses}
