"""A provider that is away, hangs, talks nonsense or changes while people sign in (TRUST F-a)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event as Signal

import attrs
import pytest

from sso_adapters.http.shelf import Terms
from sso_core.accounts.policy import AccessPolicy
from sso_core.effects import Effect, HttpRequest, Purpose, ReadKeys
from sso_core.events import Event, HttpResponse, Unavailable, Unreachable
from sso_core.failures import Reason
from sso_core.identity.rules import IdentityRules
from sso_core.providers.kinds import UserinfoPolicy
from sso_core.records import RoleMap
from sso_core.secret import Secret
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.testing.documents import json_answer
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import Alterations, Document, Paths, ProviderState, example_provider
from sso_core.web.pages import RefusedPage
from trust.outages import (
    REFUSED,
    RESET,
    CommandLine,
    accounts,
    after,
    check_nothing_shows,
    hanging,
    honest,
    instead,
    nothing_between,
    retryable,
    told,
    with_kid,
    with_other_keys,
    without_store,
)
from trust.scene import Perform, Process, Scene, Send, location, provider_of, refusal

TERMS = Terms()
NONSENSE = {
    "truncated": b'{"issuer": "https://op.exa',
    "a page": b"<html><h1>Bad Gateway</h1></html>",
    "an empty object": b"{}",
    "a list": b"[]",
    "nothing": b"",
    "null": b"null",
    "no text": b"\xff\xfe\x00",
}


def two_providers() -> Scene:
    """Return a service with a second provider, `other1`."""
    callback = "https://app.example/sso/callback/other1"
    return Scene(FakeProvider(), FakeProvider(example_provider("https://other.example", redirect_uri=callback)))


def with_userinfo(
    policy: UserinfoPolicy, rules: IdentityRules | None = None, access: AccessPolicy | None = None
) -> Scene:
    op = FakeProvider()
    provider = attrs.evolve(provider_of(op), userinfo=policy, rules=rules or IdentityRules())
    return Scene(op, providers=(provider,), policy=access or AccessPolicy(REFERENCE_LADDER))


def forget_past(scene: Scene) -> None:
    scene.op.change(ProviderState.forgetting)


# Metadata and keys


@pytest.mark.parametrize("how", ["refused", "hanging"])
def test_f1_a_provider_that_is_away_at_the_start_costs_its_own_logins_until_it_is_back(how: str) -> None:
    with two_providers() as scene:
        away = scene.op.state.issuer
        scene.network = instead(REFUSED, issuer=away) if how == "refused" else hanging(scene, issuer=away)
        alice = scene.browser()
        begun = alice.begin(provider="generic")
        assert retryable(begun) is Reason.METADATA_UNREACHABLE
        assert alice.cookies == {}
        assert alice.get("/sso/readiness").status == 200
        assert scene.browser().login(provider="other1", op=scene.ops[1]).status == 303
        scene.network = honest
        assert alice.login(provider="generic").status == 303
        assert alice.person == "alice"


def test_f2_a_failed_discovery_is_not_remembered() -> None:
    with Scene() as scene:
        alice = scene.browser()
        for event in (REFUSED, RESET, json_answer({}, status=503)):
            scene.network = instead(event, Purpose.METADATA)
            assert refusal(alice.begin()).status in (502, 503)
            scene.network = honest
            assert alice.login().status == 303
            scene.first = alice.process = Process(scene)


@pytest.mark.parametrize("purpose", [Purpose.METADATA, Purpose.KEYS])
def test_f4_a_document_that_hangs_ends_within_the_deadline_of_its_one_request(purpose: Purpose) -> None:
    with Scene() as scene:
        alice = scene.browser()
        sent: list[HttpRequest] = []
        slow = hanging(scene, purpose)

        def network(request: HttpRequest, send: Send) -> HttpResponse | Unreachable:
            sent.append(request)
            return slow(request, send)

        scene.network = network
        began = scene.clock()
        response = alice.login()
        assert retryable(response).family.value == "provider_unreachable"
        assert scene.clock() - began <= 3 * 5  # the prefetch, and what the callback itself reads
        asked = [request for request in sent if request.purpose is purpose]
        assert len(asked) <= (1 if purpose is Purpose.METADATA else 2), "what ran into its deadline is not sent again"
        scene.network = honest
        scene.clock.now += 60
        assert alice.login().status == 303


def test_f4_a_document_whose_connection_broke_at_once_is_asked_for_once_more() -> None:
    with Scene() as scene:
        broken = [RESET]
        scene.network = lambda request, send: broken.pop() if broken else send(request)
        assert scene.browser().login().status == 303


@pytest.mark.parametrize("purpose", [Purpose.METADATA, Purpose.KEYS])
@pytest.mark.parametrize("nonsense", NONSENSE)
def test_f5_documents_that_are_nonsense_are_told_and_take_no_good_copy_away(purpose: Purpose, nonsense: str) -> None:
    body = NONSENSE[nonsense]
    if purpose is Purpose.KEYS and body == b"{}":
        body = b'{"keys": 5}'
    answer = HttpResponse(200, body, (("content-type", "application/json"),))
    with Scene() as scene:
        scene.network = instead(answer, purpose)
        cold = scene.browser()
        reason = refusal(cold.login())
        if purpose is Purpose.KEYS:
            assert reason is Reason.BAD_KEYS
        else:
            assert reason is (Reason.ISSUER_MISMATCH if body == b"{}" else Reason.BAD_METADATA)
        assert cold.person is None
        assert accounts(scene) == 0
        scene.network = honest
        scene.clock.now += 60
        assert scene.browser().login().status == 303
        scene.network = instead(answer, purpose)
        scene.clock.now += TERMS.fresh_keys
        warm = scene.browser()
        assert warm.login().status == 303
        assert warm.person == "alice"
        scene.network = honest


def test_f6_a_pending_login_goes_on_with_the_endpoints_it_began_with() -> None:
    with Scene() as scene:
        alice, bob = scene.browser(), scene.browser()
        arriving = alice.authorize(alice.begin())
        elsewhere = attrs.evolve(scene.op.state.paths, token="/oauth2/token")
        scene.op.change(lambda state: attrs.evolve(state, paths=elsewhere))
        scene.network = lambda request, send: (
            json_answer({}, status=404) if request.url.endswith("example/token") else send(request)
        )
        assert refusal(alice.arrive(arriving)) is Reason.TOKEN_ENDPOINT_STATUS
        assert scene.tokens_sent() == 0
        scene.clock.now += TERMS.fresh_metadata
        assert bob.login("bob").status == 303
        assert bob.person == "bob"


def test_f6_an_issuer_that_changed_is_no_longer_the_one_that_was_configured() -> None:
    with Scene() as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin())

        def renamed(document: Document) -> Document:
            return {
                name: "https://op.example.org" if name in ("iss", "issuer") else document[name] for name in document
            }

        changes = Alterations(id_token_claims=renamed, metadata=renamed)
        scene.op.change(lambda state: attrs.evolve(state, alterations=changes))
        assert refusal(alice.arrive(arriving)) is Reason.WRONG_ISSUER
        assert alice.person is None
        assert accounts(scene) == 0
        scene.clock.now += TERMS.outage
        assert refusal(alice.begin()) is Reason.ISSUER_MISMATCH


def test_f6_keys_that_change_between_are_read_anew() -> None:
    with Scene() as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin())
        scene.op.change(with_other_keys)
        assert alice.arrive(arriving).status == 303
        assert alice.person == "alice"


def test_f7_while_the_keys_are_fresh_nobody_asks_for_them() -> None:
    with Scene() as scene:
        assert scene.browser().login().status == 303
        scene.network = instead(REFUSED, Purpose.KEYS, Purpose.METADATA)
        scene.clock.now += TERMS.fresh_keys - 61
        forget_past(scene)
        assert scene.browser().login().status == 303
        assert (scene.op.state.count("keys"), scene.op.state.count("metadata")) == (0, 0)


def test_f8_keys_past_their_time_serve_through_an_outage_and_not_for_ever() -> None:
    with Scene() as scene:
        assert scene.browser().login().status == 303
        scene.network = instead(REFUSED, Purpose.KEYS, Purpose.METADATA)
        for _ in range(4):
            scene.clock.now += 5 * 3600
            assert scene.browser().login().status == 303
        scene.clock.now += 5 * 3600
        assert retryable(scene.browser().login()) is Reason.METADATA_UNREACHABLE
        scene.network = honest
        assert scene.browser().login().status == 303


@pytest.mark.parametrize("event", [REFUSED, RESET, json_answer({}, status=500)])
def test_f9_without_the_key_of_a_token_the_login_ends_as_an_outage_and_the_next_one_is_well(
    event: HttpResponse | Unreachable,
) -> None:
    with Scene() as scene:
        assert scene.browser().login("bob").status == 303
        scene.op.change(with_other_keys)
        forget_past(scene)
        scene.network = instead(event, Purpose.KEYS)
        alice = scene.browser()
        assert retryable(alice.login()) is Reason.KEYS_UNREACHABLE
        assert (scene.tokens_sent(), scene.op.state.count("userinfo")) == (1, 0)
        assert alice.person is None
        assert accounts(scene) == 1
        check_nothing_shows(scene)
        scene.network = honest
        assert alice.login().status == 303
        assert alice.person == "alice"


def test_f11_callbacks_that_need_the_same_new_key_at_once_share_one_fetch() -> None:
    crowd = 300
    with Scene() as scene:
        assert scene.browser().login().status == 303
        browsers = [scene.browser() for _ in range(crowd)]
        arriving = [(browser, browser.authorize(browser.begin())) for browser in browsers]
        scene.op.change(with_other_keys)
        before = scene.op.state.count("keys")
        asking: list[None] = []
        all_there = Signal()

        def between(effect: Effect, perform: Perform) -> Event:
            if isinstance(effect, ReadKeys) and effect.lacks is not None:
                asking.append(None)
                if len(asking) == crowd:
                    all_there.set()
            return perform(effect)

        def network(request: HttpRequest, send: Send) -> HttpResponse | Unreachable:
            if request.purpose is Purpose.KEYS:
                assert all_there.wait(60)
            return send(request)

        scene.between, scene.network = between, network
        with ThreadPoolExecutor(crowd) as threads:
            statuses = list(threads.map(lambda pair: pair[0].arrive(pair[1]).status, arriving))
        assert statuses == [303] * crowd
        assert scene.op.state.count("keys") - before == 1
        assert scene.tokens_sent() == crowd + 1
        scene.between = nothing_between


def test_f11_a_library_that_is_tended_reads_ahead_so_that_no_login_waits() -> None:
    with Scene() as scene:
        assert scene.browser().login().status == 303
        for _ in range(5):
            scene.clock.now += 0.8 * TERMS.fresh_keys
            scene.first.library.refresh()
            forget_past(scene)
            assert scene.browser().login().status == 303
            assert (scene.op.state.count("keys"), scene.op.state.count("metadata")) == (0, 0)


def test_f12_a_flood_of_unknown_keys_costs_the_provider_little_and_honest_people_nothing() -> None:
    seconds, a_second = 60, 1000
    with Scene() as scene:
        assert scene.browser().login().status == 303
        jwks = scene.op.state.endpoint(Paths().keys)
        before = scene.op.state.count("keys")
        for second in range(seconds):
            for number in range(a_second):
                asked = ReadKeys(scene.op.state.issuer, jwks, lacks=f"forged-{second}-{number}")
                scene.first.library.read(asked)
            scene.clock.now += 1
            honest_one, forger = scene.browser(), scene.browser()
            assert honest_one.login().status == 303
            scene.op.change(with_kid(f"made-up-{second}"))
            assert refusal(forger.login("bob")) is Reason.UNKNOWN_KEY
            scene.op.change(lambda state: attrs.evolve(state, alterations=Alterations()))
        fetched = scene.op.state.count("keys") - before
        assert 1 <= fetched <= TERMS.burst + seconds / TERMS.every
        assert accounts(scene) == 1


def test_f13_a_forced_refresh_that_fails_leaves_the_keys_as_they_were() -> None:
    with Scene() as scene:
        assert scene.browser().login().status == 303
        for event in (REFUSED, RESET, HttpResponse(200, b"<html>"), json_answer({"keys": []}, status=500)):
            scene.op.change(with_kid("made-up"))
            scene.network = instead(event, Purpose.KEYS)
            assert refusal(scene.browser().login("bob")).family.value.startswith("provider_")
            scene.op.change(lambda state: attrs.evolve(state, alterations=Alterations()))
            assert scene.browser().login().status == 303
            scene.clock.now += 15
        assert accounts(scene) == 1


def test_f14_who_cannot_look_up_how_often_something_was_tried_lets_nobody_try() -> None:
    with Scene() as scene:
        waiting, alice = CommandLine(scene), scene.browser()
        scene.between = without_store
        assert retryable(waiting.confirm(alice)) is Reason.STORE_UNREACHABLE
        assert waiting.confirm(alice, "WRONG-CODE").status == 503
        scene.between = nothing_between
        assert told(waiting.poll())["status"] == "pending"


def test_f14_a_fetch_is_paid_for_before_it_is_made_so_that_none_that_fails_is_free() -> None:
    with Scene() as scene:
        assert scene.browser().login().status == 303
        asked = ReadKeys(scene.op.state.issuer, scene.op.state.endpoint(Paths().keys), lacks="forged")
        sent: list[HttpRequest] = []

        def breaking(request: HttpRequest, send: Send) -> HttpResponse | Unreachable:
            sent.append(request)
            raise ZeroDivisionError

        scene.network = breaking
        for _ in range(10):
            try:
                answer = scene.first.library.read(asked)
            except ZeroDivisionError:
                continue
            assert not isinstance(answer, Unavailable)
        assert len(sent) < TERMS.burst
        scene.network = honest


# The token endpoint


def test_f15_a_token_endpoint_that_was_not_reached_uses_nothing_up() -> None:
    with Scene() as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin("/there"))
        scene.network = instead(REFUSED, Purpose.TOKEN)
        for _ in range(3):
            assert retryable(alice.arrive(arriving)) is Reason.TOKEN_ENDPOINT_NOT_REACHED
        assert (scene.tokens_sent(), accounts(scene)) == (0, 0)
        scene.network = honest
        assert location(alice.arrive(arriving)) == "/there"
        assert scene.tokens_sent() == 1
        assert alice.person == "alice"


@pytest.mark.parametrize("how", ["reset", "hanging", "answered 500", "answered 503"])
def test_f16_a_code_whose_answer_was_lost_is_never_sent_again(how: str) -> None:
    lost = {"answered 500": json_answer({}, status=500), "answered 503": json_answer({}, status=503)}.get(how, RESET)
    with Scene() as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin())
        scene.network = after(lost, Purpose.TOKEN)
        reason = retryable(alice.arrive(arriving))
        assert reason in (Reason.TOKEN_ANSWER_LOST, Reason.TOKEN_ENDPOINT_UNAVAILABLE)
        assert "start again" in reason.sentence
        scene.network = honest
        for _ in range(3):
            again = alice.arrive(arriving)
            assert not any("session" in value for name, value in again.headers if name == "set-cookie")
        assert (scene.tokens_sent(), accounts(scene)) == (1, 0)
        assert alice.person is None
        check_nothing_shows(scene)
        assert alice.login().status == 303
        assert alice.person == "alice"


def _without(name: str) -> Alterations:
    return Alterations(token_response=lambda document: {key: document[key] for key in document if key != name})


@pytest.mark.parametrize(
    ("alterations", "reason"),
    [
        (_without("id_token"), Reason.NO_ID_TOKEN),
        (_without("access_token"), Reason.NO_ACCESS_TOKEN),
        (Alterations(token_answer=lambda answer: attrs.evolve(answer, body=answer.body[:-9])), Reason.TOKEN_NOT_JSON),
        (Alterations(token_answer=lambda answer: attrs.evolve(answer, body=answer.body[:1])), Reason.TOKEN_NOT_JSON),
        (Alterations(token_answer=lambda answer: attrs.evolve(answer, body=b"")), Reason.TOKEN_NOT_JSON),
        (Alterations(token_answer=lambda answer: attrs.evolve(answer, body=answer.body * 2)), Reason.TOKEN_NOT_JSON),
    ],
    ids=["no id_token", "no access_token", "cut at the end", "cut at the start", "empty", "twice"],
)
def test_f19_a_token_answer_in_parts_is_refused_and_its_tokens_dropped(
    alterations: Alterations, reason: Reason
) -> None:
    with Scene() as scene:
        scene.op.change(lambda state: attrs.evolve(state, alterations=alterations))
        alice = scene.browser()
        assert refusal(alice.login()) is reason
        assert (scene.tokens_sent(), scene.op.state.count("userinfo"), accounts(scene)) == (1, 0, 0)
        assert alice.person is None
        check_nothing_shows(scene)


def test_f20_a_code_that_came_too_late_leads_to_a_new_start() -> None:
    with Scene() as scene:
        alice = scene.browser()
        arriving = alice.authorize(alice.begin())
        scene.clock.now += scene.op.state.code_lifetime + 1
        refused = alice.arrive(arriving)
        assert refusal(refused) is Reason.CODE_REFUSED
        assert refused.status == 401
        assert isinstance(refused.body, RefusedPage)
        assert refused.body.again_path == "/sso/key/generate"
        assert refused.header("refresh").startswith("0;url=/sso/refused?code=code_refused&")
        assert scene.tokens_sent() == 1
        assert alice.login().status == 303


def test_f21_a_secret_that_is_no_longer_good_is_told_to_operators_alone() -> None:
    with two_providers() as scene:
        changed = Secret("rotated")
        scene.ops[1].change(
            lambda state: attrs.evolve(
                state, clients=tuple(attrs.evolve(client, client_secret=changed) for client in state.clients)
            )
        )
        alice = scene.browser()
        refused = alice.login(provider="other1", op=scene.ops[1])
        assert refusal(refused) is Reason.CLIENT_REFUSED
        assert refused.failure is not None
        assert "client secret" not in Reason.CLIENT_REFUSED.sentence
        assert "compare the client id, its secret" in refused.failure.hint
        assert [(event.code, event.provider) for event in refused.audit] == [("client_refused", "other1")]
        assert scene.ops[1].state.surprises == ("the client secret is wrong",)
        scene.ops[1].change(ProviderState.forgetting)
        assert accounts(scene) == 0
        check_nothing_shows(scene)
        assert alice.login(provider="generic").status == 303


# Userinfo

OUTAGES: dict[str, HttpResponse | Unreachable] = {
    "500": json_answer({}, status=500),
    "503": json_answer({}, status=503),
    "refused": REFUSED,
    "reset": RESET,
    "nonsense": HttpResponse(200, b"<html>"),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_f23_where_userinfo_is_required_its_outage_ends_the_login(outage: str) -> None:
    with with_userinfo(UserinfoPolicy.REQUIRED) as scene:
        scene.network = instead(OUTAGES[outage], Purpose.USERINFO)
        alice = scene.browser()
        refused = alice.login()
        if outage != "nonsense":
            assert retryable(refused) is Reason.USERINFO_UNREACHABLE
        assert refusal(refused).family.value.startswith("provider_")
        assert (scene.tokens_sent(), accounts(scene)) == (1, 0)
        assert alice.person is None
        scene.network = honest
        assert alice.login().status == 303


@pytest.mark.parametrize("outage", OUTAGES)
def test_f23_where_it_is_not_the_id_token_alone_speaks(outage: str) -> None:
    with with_userinfo(UserinfoPolicy.PREFERRED) as scene:
        scene.network = instead(OUTAGES[outage], Purpose.USERINFO)
        alice = scene.browser()
        assert alice.login().status == 303
        session = alice.session
        assert session is not None
        assert (session["subject"], session["email"], session["role"]) == ("alice", None, REFERENCE_LADDER.default)
        check_nothing_shows(scene)


@pytest.mark.parametrize("outage", OUTAGES)
def test_f23_a_role_that_userinfo_was_to_tell_is_neither_won_nor_lost_by_its_outage(outage: str) -> None:
    rules = IdentityRules(role_map=RoleMap("groups", (("internal_user", ("readers",)),), default_role="proxy_admin"))
    with with_userinfo(UserinfoPolicy.PREFERRED, rules) as scene:
        alice = scene.browser()
        scene.network = instead(OUTAGES[outage], Purpose.USERINFO)
        assert retryable(alice.login()) is Reason.GROUPS_INCOMPLETE
        assert (alice.person, accounts(scene)) == (None, 0)
        scene.network = honest
        assert alice.login().status == 303
        scene.network = instead(OUTAGES[outage], Purpose.USERINFO)
        again = scene.browser()
        assert again.login().status == 303
        assert (again.session or {})["role"] == "internal_user"


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize(
    ("access", "reason"),
    [
        (AccessPolicy(REFERENCE_LADDER, email_domains=("example.org",)), Reason.EMAIL_DOMAIN_REFUSED),
        (AccessPolicy(REFERENCE_LADDER, restricted_group="readers"), Reason.GROUPS_INCOMPLETE),
        (AccessPolicy(REFERENCE_LADDER, admins_only=True), Reason.GROUPS_INCOMPLETE),
    ],
    ids=["domain", "group", "administrators"],
)
def test_f23_a_restriction_that_userinfo_was_to_answer_holds_without_it(
    outage: str, access: AccessPolicy, reason: Reason
) -> None:
    role_map = RoleMap("groups", (("proxy_admin", ("readers",)),)) if access.admins_only else None
    rules = IdentityRules(team_claims=("groups",), role_map=role_map)
    with with_userinfo(UserinfoPolicy.PREFERRED, rules, access) as scene:
        scene.network = instead(OUTAGES[outage], Purpose.USERINFO)
        alice = scene.browser()
        assert refusal(alice.login()) is reason
        assert (alice.person, accounts(scene)) == (None, 0)
        scene.network = honest
        assert alice.login().status == 303


# Outages that end


def test_f26_a_provider_that_comes_back_is_asked_once_however_many_wait_for_it() -> None:
    outage, crowd = 600, 2000
    with Scene() as scene:
        sent: list[float] = []

        def away(request: HttpRequest, send: Send) -> HttpResponse | Unreachable:
            sent.append(scene.clock())
            return REFUSED

        scene.network = away
        browsers = [scene.browser() for _ in range(crowd)]
        for number in range(0, crowd, 2):
            assert retryable(browsers[number].begin()) is Reason.METADATA_UNREACHABLE
            scene.clock.now += 2 * outage / crowd
        assert len(sent) <= 2 * (TERMS.burst + outage / TERMS.every), "the bucket pays for each fetch, a retry included"
        scene.network = honest
        forget_past(scene)
        scene.clock.now += TERMS.every
        assert {browser.begin().status for browser in browsers} == {303}
        assert (scene.op.state.count("metadata"), scene.op.state.count("keys")) == (1, 1)
