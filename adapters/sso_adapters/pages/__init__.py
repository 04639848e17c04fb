"""The pages as HTML: Jinja2 templates, autoescaped, without a script; any of them can be replaced."""

from __future__ import annotations

import json
from pathlib import Path

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
    StyleSheet,
    UiDisabledPage,
)

try:
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("the pages need Jinja2: pip install 'sso-core[demo]'", name=error.name) from error

TEMPLATES: dict[type, str] = {
    HomePage: "home.html",
    ChoicePage: "choice.html",
    PasswordPage: "password.html",
    UiDisabledPage: "ui_disabled.html",
    DebugPage: "debug.html",
    RefusedPage: "refused.html",
    ConfirmStartPage: "confirm.html",
    ConfirmCliPage: "cli_confirm.html",
    LeavingPage: "leaving.html",
    SignedOutPage: "signed_out.html",
    CliApprovedPage: "cli_approved.html",
    StyleSheet: "style.css",
}


class Pages:
    """Renders pages; a template of the same name in `folder` takes the place of ours."""

    def __init__(self, folder: Path | None = None, *, title: str = "sso-core") -> None:
        ours = PackageLoader("sso_adapters", "pages/templates")
        loader = ours if folder is None else ChoiceLoader([FileSystemLoader(folder), ours])
        self._environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.filters["plain"] = _plain
        self._title = title

    def __call__(self, page: Page) -> tuple[str, bytes]:
        """Return the content type and the bytes of a page."""
        name = TEMPLATES[type(page)]
        text = self._environment.get_template(name).render(page=page, title=self._title)
        kind = "text/css" if name.endswith(".css") else "text/html"
        return f"{kind}; charset=utf-8", text.encode()


def _plain(value: str) -> str:
    """Show a claim's JSON text without the quotation marks that only JSON needs; as it is where it is not whole."""
    if not value.startswith('"'):
        return value
    try:
        text = str(json.loads(value))
        text.encode()
    except ValueError:  # cut where it was long, or half a surrogate pair, which no page can hold
        return value
    return text
