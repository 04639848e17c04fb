from __future__ import annotations

from collections.abc import Callable

import pytest

from sso_core.facts import PreparedKey
from sso_core.failures import Reason, Refusal
from sso_core.oauth.tenants import Tenants, check_key_tenant, check_response_tenant, check_tenant

TEMPLATE = "https://login.example/{tenantid}/v2.0"
OURS = Tenants(TEMPLATE, ("t-1", "t-2"))


def issuer(tenant: str) -> str:
    return f"https://login.example/{tenant}/v2.0"


def reason(check: Callable[[], object]) -> Reason:
    with pytest.raises(Refusal) as caught:
        check()
    return caught.value.failure.reason


@pytest.mark.parametrize("template", ["https://login.example/v2.0", "https://{tenantid}.example/{tenantid}"])
def test_the_template_has_one_place_for_the_tenant(template: str) -> None:
    with pytest.raises(ValueError, match=r"one \{tenantid\}"):
        Tenants(template, ("t-1",))


@pytest.mark.parametrize("allowed", [(), ("",), ("t-1", "")])
def test_a_list_that_lets_nobody_in_is_a_mistake(allowed: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="name the tenants"):
        Tenants(TEMPLATE, allowed)


@pytest.mark.parametrize("tenant", ["t-1", "t-2"])
def test_the_issuer_is_that_of_the_tokens_own_tenant(tenant: str) -> None:
    ours = Tenants(TEMPLATE, ("t-1", "t-2"))
    assert check_tenant({"tid": tenant, "iss": issuer(tenant)}, ours) == issuer(tenant)


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": "t-1"},
        {"iss": issuer("t-1")},
        {"tid": None, "iss": issuer("t-1")},
        {"tid": 1, "iss": issuer("1")},
        {"tid": ["t-1"], "iss": issuer("t-1")},
        {"tid": "t-1", "iss": issuer("t-2")},
        {"tid": "t-1", "iss": issuer("t-1") + "1"},
        {"tid": "t-1", "iss": issuer("T-1")},
        {"tid": "t-1", "iss": TEMPLATE},
        {"tid": "t-1", "iss": 1},
        {"tid": "t-1/v2.0", "iss": issuer("t-1")},
    ],
)
def test_an_issuer_that_is_not_the_tokens_own_tenant_is_refused(claims: dict[str, object]) -> None:
    assert reason(lambda: check_tenant(claims, OURS)) is Reason.WRONG_ISSUER


@pytest.mark.parametrize("tenant", ["t-3", "T-1", "", "{tenantid}", "t-1/../t-3"])
def test_a_tenant_that_is_not_on_the_list_is_refused(tenant: str) -> None:
    claims = {"tid": tenant, "iss": issuer(tenant)}
    assert reason(lambda: check_tenant(claims, OURS)) is Reason.TENANT_REFUSED


def key(said: str | None) -> PreparedKey:
    return PreparedKey("k", frozenset({"RS256"}), "thumbprint", lambda *_: True, said)


@pytest.mark.parametrize("said", [None, TEMPLATE, issuer("t-1")])
def test_a_key_signs_for_everybody_or_for_the_issuer_that_it_names(said: str | None) -> None:
    check_key_tenant(key(said), OURS, issuer("t-1"))


@pytest.mark.parametrize("said", [issuer("t-2"), issuer("t-1") + "1", ""])
def test_a_key_of_another_issuer_is_refused(said: str) -> None:
    assert reason(lambda: check_key_tenant(key(said), OURS, issuer("t-1"))) is Reason.WRONG_ISSUER


def test_an_answer_may_name_any_of_the_tenants_or_none() -> None:
    for said in (None, issuer("t-1"), issuer("t-2")):
        check_response_tenant(said, OURS)


@pytest.mark.parametrize("said", ["", TEMPLATE, issuer("t-3"), issuer("t-1") + "1"])
def test_an_answer_of_another_issuer_is_refused(said: str) -> None:
    assert reason(lambda: check_response_tenant(said, OURS)) is Reason.RESPONSE_ISSUER_MISMATCH
