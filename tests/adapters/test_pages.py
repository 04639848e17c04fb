from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest

from sso_adapters.pages import TEMPLATES, Pages
from sso_core.identity.identity import ShownClaim
from sso_core.sessions.session import Session
from sso_core.web.pages import ConfirmStartPage, HomePage, Page, RefusedPage, StyleSheet

EVIL = "</script></title><script>alert(1)</script>'\"><img src=x onerror=alert(1)>{{ 7 * 7 }}"
STYLE = "/sso/style.css"


def session(text: str, *claims: str) -> Session:
    shown = tuple(ShownClaim(text, value, "id_token") for value in (*claims, text))
    return Session(text, text, text, text, text, text, True, shown, 1.0, 2.0)


def pages_with(text: str) -> list[Page]:
    return [
        HomePage(None, (), f"/start?{text}", "/out", STYLE),
        HomePage(session(text, f'"{text}"'), (text, text), "/start", f"/out?{text}", STYLE),
        RefusedPage(text, text, text, f"/start?{text}", STYLE),
        RefusedPage(text, text, "", "", STYLE),
        ConfirmStartPage(f"/start?{text}", STYLE),
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
    assert " on" not in "".join(tag for tag in html.lower().split("<") if tag.startswith(("a ", "form", "button")))
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
    html = shown(HomePage(session("alice", value), (), "/start", "/out", STYLE))
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
    assert "You are not signed in" in shown(HomePage(None, (), "/start", "/out", STYLE), pages)
