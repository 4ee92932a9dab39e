"""The OpenAPI document: Litestar's outline with the schemas that the decoder itself goes by, and every error.

Litestar's own schemas leave out that unknown fields are refused, and the bounds of what stands in unions.
"""

from collections.abc import Iterator
from http import HTTPStatus
from types import NoneType
from typing import Any, Final

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.routes import HTTPRoute

from entrypoints.http.description.answers import DESCRIPTIONS, error_statuses, security_of
from entrypoints.http.description.parameters import described
from entrypoints.http.wire import ErrorOut

Document = dict[str, Any]
_JSON: Final = "application/json"
_STREAM: Final = "text/event-stream"
_MOMENTS: Final = "_at"
_SECONDS: Final = {
    "description": "In how many seconds to come again.", "schema": {"type": "integer", "minimum": 1, "maximum": 120},
}
_REQUEST_ID: Final = {"description": "The request's identifier.", "required": True, "schema": {"type": "string"}}
_TEXT: Final = {"type": "string"}
# Each event of a stream (OpenAPI before 3.2 tells of a stream by its items).
_EVENT: Final = {"type": "object", "properties": {"id": _TEXT, "event": _TEXT, "data": _TEXT}, "required": ["data"]}
# What tells nothing about a body.
_UNTOLD: Final = (Any, None, NoneType, str, bytes)


def document_of(app: Litestar) -> Document:
    """Return the document of an application."""
    document: Document = app.openapi_schema.to_schema()
    kinds = _Kinds()
    for handler, operation in _operations(app, document):
        _describe(handler, operation, kinds)
    envelope: Document = {}
    kinds.put(envelope, ErrorOut)
    schemas = kinds.schemas()
    document["components"] |= {"schemas": schemas, "responses": _errors(envelope["schema"])}
    return document


class _Kinds:
    """Types whose schemas stand in the document once, and the places that refer to them."""

    def __init__(self) -> None:
        self._places: list[tuple[Document, Any]] = []

    def put(self, place: Document, kind: Any) -> None:
        """Have `place["schema"]` refer to the schema of the type."""
        self._places.append((place, kind))

    def schemas(self) -> Document:
        """Fill all places and return the schemas by name."""
        kinds = [kind for _, kind in self._places]
        heads, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
        for (place, _), head in zip(self._places, heads, strict=True):
            place["schema"] = head
        for schema in schemas.values():
            for name, field in schema.get("properties", {}).items():
                _tell_moment(name, field)
        return schemas


def _operations(app: Litestar, document: Document) -> Iterator[tuple[HTTPRouteHandler, Document]]:
    for route in app.routes:
        told = document["paths"].get(route.path_format) if isinstance(route, HTTPRoute) else None
        if told is not None and isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods:
                    if str(method).lower() in told:
                        yield handler, told[str(method).lower()]


def _describe(handler: HTTPRouteHandler, operation: Document, kinds: _Kinds) -> None:
    operation["security"] = security_of(handler)
    operation["parameters"] = [described(parameter) for parameter in operation.get("parameters", ())]
    body = handler.parsed_fn_signature.parameters.get("data")
    if body is not None:
        operation["requestBody"]["required"] = body.is_required
        kinds.put(operation["requestBody"]["content"][_JSON], body.annotation)
    responses = _successes(handler, operation, kinds)
    for status in sorted(error_statuses(handler, operation) | _own_errors(handler)):
        responses.setdefault(str(status), {"$ref": f"#/components/responses/{DESCRIPTIONS[status][0]}"})
    operation["responses"] = responses


def _successes(handler: HTTPRouteHandler, operation: Document, kinds: _Kinds) -> Document:
    own = handler.responses or {}
    specs = {str(status): spec for status, spec in own.items() if spec.data_container is not ErrorOut}
    told = {status: one for status, one in operation["responses"].items() if int(status) < 400 or status in specs}
    if specs and str(handler.status_code) not in specs and _result(handler) in _UNTOLD:
        told.pop(str(handler.status_code), None)
    for status, one in told.items():
        one["headers"] = {"x-request-id": _REQUEST_ID}
        one["description"] = one.get("description") or HTTPStatus(int(status)).phrase
        kind = specs[status].data_container if status in specs else _result(handler)
        if kind not in _UNTOLD:
            one["content"] = {_JSON: {}}
            kinds.put(one["content"][_JSON], kind)
        elif status in specs and specs[status].data_container is None:
            _tell_text(one, specs[status])
        elif kind in (None, NoneType):
            one.pop("content", None)
    if "200" in told and _may_stream(handler):
        told["200"].setdefault("content", {})[_STREAM] = {"schema": _EVENT}
    return told


def _result(handler: HTTPRouteHandler) -> Any:
    result = handler.parsed_fn_signature.return_type
    if not result.is_subclass_of(Response):
        return Any if result.is_union else result.annotation
    return result.inner_types[0].annotation if result.inner_types else Any


def _may_stream(handler: HTTPRouteHandler) -> bool:
    parameters = handler.parsed_fn_signature.parameters
    body = parameters.get("data")
    return "stream" in parameters or (body is not None and "stream" in getattr(body.annotation, "__struct_fields__", ()))


def _own_errors(handler: HTTPRouteHandler) -> set[int]:
    return {int(status) for status, spec in (handler.responses or {}).items() if spec.data_container is ErrorOut}


def _tell_text(told: Document, spec: ResponseSpec) -> None:
    kind = str(getattr(spec.media_type, "value", spec.media_type))
    if kind == _JSON:
        told.pop("content", None)
    else:
        told["content"] = {kind: {"schema": _EVENT if kind == _STREAM else {"type": "string"}}}


def _errors(envelope: Document) -> Document:
    """Return the errors by name, each in the one envelope."""
    errors: Document = {}
    for status, (name, description) in DESCRIPTIONS.items():
        headers = {"x-request-id": _REQUEST_ID} | ({"retry-after": _SECONDS} if status in (429, 503) else {})
        errors[name] = {"description": description, "headers": headers, "content": {_JSON: {"schema": envelope}}}
    return errors


def _tell_moment(name: str, field: Document) -> None:
    """Say that a field is a moment: msgspec tells so only of those that say that they have a time zone."""
    for one in (field, *field.get("anyOf", ())):
        if (name.endswith(_MOMENTS) or name == "at") and one.get("type") == "string":
            one["format"] = "date-time"
