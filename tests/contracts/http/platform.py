"""What surrounds the API: probes, documents, errors."""

from typing import Any

from tests.support.api import Api, error_of


class PlatformSuite:
    async def test_the_probes_answer(self, api: Api) -> None:
        assert (await api.http.get("/livez")).text == "ok"
        ready = await api.http.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)

    async def test_the_metrics_count_requests_and_use_cases(self, api: Api) -> None:
        caller = await api.sign_up()
        await caller.get(f"/v1/sessions/{await caller.session()}")
        text = (await api.http.get("/metrics")).text
        assert 'onelast_http_answers_total{method="GET",path="/v1/sessions/{session_id}",status="200"}' in text
        assert 'onelast_use_case_seconds_count{outcome="ok",use_case="ReadSession"}' in text

    async def test_every_path_of_the_contract_is_in_the_openapi_document(self, api: Api) -> None:
        document = (await api.http.get("/schema/openapi.json")).json()
        methods = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
        assert methods >= {
            ("POST", "/v1/users"), ("GET", "/v1/users/me"), ("PATCH", "/v1/users/me"), ("DELETE", "/v1/users/me"),
            ("POST", "/v1/auth/login"), ("POST", "/v1/auth/refresh"), ("POST", "/v1/auth/logout"),
            ("POST", "/v1/api-keys"), ("GET", "/v1/api-keys"), ("DELETE", "/v1/api-keys/{key_id}"),
            ("GET", "/v1/agents"), ("GET", "/v1/agents/{agent_id}"), ("POST", "/v1/agents"), ("PATCH", "/v1/agents/{agent_id}"),
            ("DELETE", "/v1/agents/{agent_id}"), ("GET", "/v1/users/me/agents"),
            ("POST", "/v1/sessions"), ("GET", "/v1/sessions"), ("GET", "/v1/sessions/{session_id}"),
            ("PATCH", "/v1/sessions/{session_id}"), ("DELETE", "/v1/sessions/{session_id}"),
            ("GET", "/v1/sessions/{session_id}/messages"), ("POST", "/v1/sessions/{session_id}/messages"),
            ("GET", "/v1/runs/{run_id}"), ("POST", "/v1/runs/{run_id}/cancel"), ("GET", "/v1/runs/{run_id}/events"),
        }

    async def test_the_documents_page_shows_the_document(self, api: Api) -> None:
        page = await api.http.get("/docs")
        assert page.status_code == 200
        assert "One Last AI" in page.text

    async def test_every_answer_has_an_identifier_and_is_private_unless_it_says_otherwise(self, api: Api) -> None:
        caller = await api.sign_up()
        answers: list[Any] = [await caller.get("/v1/users/me"), await caller.get("/v1/sessions"), await api.http.get("/nowhere")]
        assert all(answer.headers["cache-control"] == "private, no-store" for answer in answers)
        assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)

    async def test_what_the_router_refuses_comes_in_the_same_envelope(self, api: Api) -> None:
        assert error_of(await api.http.get("/v1/nowhere"), 404)["code"] == "not_found"
        assert error_of(await api.http.put("/v1/users"), 405)["code"] == "method_not_allowed"
