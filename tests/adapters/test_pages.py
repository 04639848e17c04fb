from __future__ import annotations

from html import unescape
from pathlib import Path

import attrs
import pytest

from sso_adapters.pages import TEMPLATES, Pages
from sso_core.failures import Failure, Reason
from sso_core.flows.debug_login import Passed
from sso_core.identity.explanation import Step
from sso_core.identity.identity import ShownClaim
from sso_core.sessions.session import Session
from sso_core.web.pages import (
    ChoicePage,
    CliApprovedPage,
    ConfirmCliPage,
    ConfirmStartPage,
    DebugPage,
    HomePage,
    LeavingPage,
    Page,
    PasswordPage,
    RefusedPage,
    SignedOutPage,
    SignInChoice,
    StyleSheet,
    UiDisabledPage,
)

pytestmark = pytest.mark.packaged

EVIL = "</script></title><script>alert(1)</script>'\"><img src=x onerror=alert(1)>{{ 7 * 7 }}"
STYLE = "/sso/style.css"


def session(text: str, *claims: str) -> Session:
    shown = tuple(ShownClaim(text, value, "id_token") for value in (*claims, text))
    steps = (Step(text, text, text, text), Step(text, "", "", text))
    return Session(
        text, text, text, text, text, text, True, shown, 1.0, 2.0, role=text, team_ids=(text, text), explanation=steps
    )


def home(session: Session | None, *trail: str, text: str = "") -> HomePage:
    ways = (SignInChoice(text, f"/start?{text}"), SignInChoice("Other", "/start?provider=other"))
    return HomePage(session, trail, ways, f"/out?{text}", f"/out?everywhere&{text}", STYLE)


def debug_pages(text: str) -> list[Page]:
    page = DebugPage(
        provider=text,
        person=((text, text), (text, "")),
        claims=(ShownClaim(text, f'"{text}"', text),),
        steps=(Step(text, text, text, text), Step(text, "", "", text)),
        changes=(text, text),
        notes=(Failure(Reason.USERINFO_UNREACHABLE, text, text),),
        failure=None,
        timeline=(Passed(text, (text, text), (text,)),),
        again_path=f"/start?{text}",
        style_path=STYLE,
    )
    empty = DebugPage(text, (), (), (), (), (), Failure(Reason.NOT_IN_GROUP), (), f"/start?{text}", STYLE)
    return [page, attrs.evolve(page, failure=Failure(Reason.NOT_IN_GROUP, text, text)), empty]


def pages_with(text: str) -> list[Page]:
    return [
        home(None, text=text),
        home(session(text, f'"{text}"'), text, text, text=text),
        ChoicePage((SignInChoice(text, f"/start?{text}"),), STYLE),
        PasswordPage(True, f"/in?{text}", text, text, STYLE),
        PasswordPage(True, "/in", text, "", STYLE),
        UiDisabledPage(text, STYLE),
        *debug_pages(text),
        RefusedPage(text, text, text, f"/start?{text}", STYLE),
        RefusedPage(text, text, "", "", STYLE),
        ConfirmStartPage(f"/start?{text}", STYLE),
        ConfirmCliPage(text, text, 2, True, text, (SignInChoice(text, text),), f"/confirm?{text}", STYLE),
        LeavingPage(f"/there?{text}", STYLE),
        SignedOutPage((SignInChoice(text, f"/start?{text}"),), STYLE),
        SignedOutPage((), STYLE),
        CliApprovedPage(text, text, STYLE),
    ]


def shown(page: Page, pages: Pages | None = None) -> str:
    kind, body = (pages or Pages())(page)
    assert kind == "text/html; charset=utf-8"
    return body.decode()


def test_each_kind_of_page_has_a_template() -> None:
    assert set(TEMPLATES) == {type(page) for page in pages_with("")} | {StyleSheet}


@pytest.mark.parametrize("page", pages_with("plain"), ids=lambda page: type(page).__name__)
def test_every_page_is_whole_and_without_a_script(page: Page) -> None:
    html = shown(page)
    assert html.startswith("<!doctype html>")
    assert "<script" not in html.lower()
    tags = [part.partition(">")[0] for part in html.lower().split("<")]
    assert not [tag for tag in tags if " on" in tag]
    assert "style=" not in html
    assert f'href="{STYLE}"' in html


@pytest.mark.parametrize("page", pages_with(EVIL), ids=lambda page: type(page).__name__)
def test_what_a_provider_says_is_text_and_never_markup(page: Page) -> None:
    html = shown(page, Pages(title=EVIL))
    assert "<script" not in html.lower()
    assert "<img" not in html.lower()
    assert "49" not in html
    assert EVIL in unescape(html)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"alice"', "alice"),
        ('"a\\u003cb"', "a<b"),
        ('["staff","admins"]', '["staff","admins"]'),
        ("true", "true"),
        ("null", "null"),
        ('"', '"'),
        ('"cut in the mid…', '"cut in the mid…'),
        ('"a" and "b"', '"a" and "b"'),
        ('"half a pair \\ud800"', '"half a pair \\ud800"'),
    ],
)
def test_a_claim_is_shown_as_a_person_reads_it_whatever_it_holds(value: str, text: str) -> None:
    html = shown(home(session("alice", value)))
    assert f">{text}<" in unescape(html)


def test_the_style_sheet_is_css() -> None:
    kind, body = Pages()(StyleSheet())
    assert kind == "text/css; charset=utf-8"
    assert b"{" in body


def test_a_template_of_the_same_name_takes_the_place_of_ours_and_may_build_on_it(tmp_path: Path) -> None:
    (tmp_path / "confirm.html").write_text('{% extends "base.html" %}{% block main %}Ours: {{ title }}{% endblock %}')
    pages = Pages(tmp_path, title="A & B")
    html = shown(ConfirmStartPage("/start", STYLE), pages)
    assert "Ours: A &amp; B" in html
    assert html.startswith("<!doctype html>")
    assert "You are not signed in" in shown(home(None), pages)


@pytest.mark.parametrize(("role", "team_ids"), [(None, ()), ("admin", ("blue", "green"))])
def test_who_somebody_is_here_is_told_where_it_is_known(role: str | None, team_ids: tuple[str, ...]) -> None:
    html = shown(home(attrs.evolve(session("alice"), role=role, team_ids=team_ids)))
    assert ("<dt>Role</dt>" in html) is (role is not None)
    assert ("<dd>blue, green</dd>" in html) is bool(team_ids)


def test_a_form_that_nobody_checks_is_not_shown() -> None:
    assert "<form" not in shown(PasswordPage(False, "/in", "/", "", STYLE))


def test_every_way_to_sign_in_has_a_button() -> None:
    assert shown(home(None, text="Corp")).count('class="button"') == 2
    assert "Sign in with Corp" in shown(home(None, text="Corp"))
    nothing = shown(attrs.evolve(home(None), sign_in=()))
    assert 'class="button"' not in nothing
    assert "no way to sign in here yet" in nothing
