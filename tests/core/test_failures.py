from __future__ import annotations

import re

import pytest

from sso_core.failures import Failure, Family, Reason, Refusal, refuse

STATUSES = {
    Family.DECLINED: {401, 403},
    Family.EXPIRED: {401, 404},
    Family.NOT_YOURS: {400, 401, 403, 404, 405, 413},
    Family.PROVIDER_MISBEHAVED: {400, 401, 502},
    Family.PROVIDER_UNREACHABLE: {503},
    Family.NOT_ALLOWED: {401, 403, 404},
    Family.MISCONFIGURED: {401, 500},
    Family.UNAVAILABLE: {429, 503},
}

JARGON = re.compile(
    r"_|\b(token|nonce|issuer|audience|subject|claims?|userinfo|metadata|keys?|json|code|verifier|state|callback|"
    r"cookie|parameter|http|oauth|openid|oidc|pkce|jwks?|store|directory)\b",
    re.IGNORECASE,
)


def test_the_code_of_a_reason_is_its_name_in_lower_case() -> None:
    assert [reason for reason in Reason if reason.code != reason.name.lower()] == []


def test_the_status_of_a_reason_fits_its_family() -> None:
    assert [reason for reason in Reason if reason.status not in STATUSES[reason.family]] == []


def test_the_sentence_of_a_reason_is_for_people_who_merely_want_to_sign_in() -> None:
    for reason in Reason:
        assert re.fullmatch(r"[A-Z].*\.", reason.sentence), reason
        assert not JARGON.search(reason.sentence), reason
        assert reason.code not in reason.sentence


def test_a_callback_may_come_again_only_where_nothing_was_used_up() -> None:
    assert {reason for reason in Reason if reason.resumable} == {
        Reason.METADATA_UNREACHABLE,
        Reason.TOKEN_ENDPOINT_NOT_REACHED,
        Reason.STORE_UNREACHABLE,
    }


def test_what_may_come_again_is_announced_as_passing() -> None:
    assert [reason for reason in Reason if reason.resumable and reason.status != 503] == []


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (Failure(Reason.NO_CODE), "no_code"),
        (Failure(Reason.NO_CODE, "the code is missing"), "no_code: the code is missing"),
        (Failure(Reason.NO_CODE, hint="look there"), "no_code: look there"),
        (Failure(Reason.NO_CODE, "missing", "look there"), "no_code: missing: look there"),
    ],
)
def test_an_operator_reads_the_code_the_detail_and_the_hint(failure: Failure, text: str) -> None:
    assert str(failure) == text


@pytest.mark.parametrize(
    ("wait", "when"),
    [
        (0, ""),
        (1, " You can try again in a minute."),
        (60, " You can try again in a minute."),
        (61, " You can try again in 2 minutes."),
    ],
)
def test_a_person_reads_when_another_try_is_worth_it(wait: float, when: str) -> None:
    assert Failure(Reason.TOO_MANY_REQUESTS, wait=wait).sentence == Reason.TOO_MANY_REQUESTS.sentence + when


def test_refusing_carries_the_failure_and_tells_of_it() -> None:
    with pytest.raises(Refusal, match=r"^no_code: missing: look there$") as caught:
        refuse(Reason.NO_CODE, "missing", "look there", wait=5)
    assert caught.value.failure == Failure(Reason.NO_CODE, "missing", "look there", 5)
