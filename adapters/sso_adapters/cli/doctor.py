"""`sso-core doctor`: looks at the set-up that the environment names as `serve` would use it, and signs nobody in.

What is wrong with the provider, the keys, the clocks or the files is then found before the first person finds it.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence

import anyio
import attrs

from sso_adapters.cli.checkup import (
    Finding,
    Verdict,
    check_capabilities,
    check_clock,
    check_directory,
    check_discovery,
    check_keys,
    check_notes,
    check_plain,
    check_problems,
    check_proxies,
    check_redirects,
    check_store,
    check_unsafe,
)
from sso_adapters.cli.environment import add_options, read_settings
from sso_adapters.cli.terminal import painted, printable, say
from sso_adapters.http.senders import HttpxSender
from sso_adapters.service import build_service
from sso_core.effects import HttpRequest, Kind, Peek, ReadAccount
from sso_core.events import HttpResponse
from sso_core.facts import KeySet, ProviderMetadata
from sso_core.failures import Failure
from sso_core.flows.read_documents import KeysKnown, MetadataKnown, read_keys, read_metadata
from sso_core.machine import Failed, Resting, Working, advance_any
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider
from sso_core.settings.environment import SettingsError
from sso_core.settings.service import ServiceSettings
from sso_core.settings.sign_in import SignInSettings
from sso_core.settings.unsafe import unsafe_options

COLOURS = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "red"}
NOBODY = ("https://doctor.invalid", "nobody")
"""An identity that no account has (RFC 2606 2)."""


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_options(parser)
    parser.add_argument("--json", action="store_true", help="say it as JSON")


def run(options: argparse.Namespace) -> int:
    """Check; return 0 where people can sign in, 1 where they cannot, 2 where the settings do not hold together."""
    try:
        service = read_settings(options)
    except SettingsError as error:
        tell(tuple(check_problems(error.problems)), as_json=options.json)
        return 2
    findings = tuple(examine(service))
    tell(findings, as_json=options.json)
    return int(any(finding.verdict is Verdict.FAIL for finding in findings))


def tell(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Write the findings, a line each, its hint below it."""
    if as_json:
        told = [attrs.asdict(finding) | {"verdict": finding.verdict.value} for finding in findings]
        say(json.dumps({"findings": told}, indent=1))
        return
    for finding in findings:
        verdict = painted(f"{finding.verdict.value:4}", COLOURS[finding.verdict])
        say(f"{verdict}  {finding.check:15}  {printable(finding.what)}")
        if finding.hint:
            say(f"{'':23}{printable(finding.hint)}")


def examine(service: ServiceSettings) -> Iterator[Finding]:
    """Look at everything, the provider first."""
    settings = service.sign_in
    yield Finding("settings", Verdict.OK, f"people reach the service at {settings.origin.base}")
    yield from check_notes(service.notes)
    sender = HttpxSender()
    try:
        for provider in settings.providers:
            if isinstance(provider, OAuthProvider):
                yield check_plain(provider)
            else:
                yield from examine_provider(sender, provider, settings)
    finally:
        sender.close()
    yield from check_redirects(settings)
    yield from check_proxies(settings)
    yield from anyio.run(examine_files, service)
    yield from check_unsafe(unsafe_options(settings))


def examine_provider(sender: HttpxSender, provider: OpenIdProvider, settings: SignInSettings) -> Iterator[Finding]:
    """Read what a login would read, and hold the clocks against each other."""
    ending, answer = follow(sender, read_metadata(provider.issuer))
    metadata = outcome(ending)
    assert isinstance(metadata, ProviderMetadata | Failure)
    yield check_discovery(provider.issuer, metadata)
    if answer is not None:
        yield check_clock(answer, now=time.time(), leeway=settings.leeway)
    if isinstance(metadata, Failure) or answer is None:
        return
    yield from check_capabilities(provider, answer)
    keys = outcome(follow(sender, read_keys(metadata.jwks_uri))[0])
    assert isinstance(keys, KeySet | Failure)
    yield check_keys(provider, metadata, keys)


def follow(sender: HttpxSender, state: Working | Resting) -> tuple[Resting, HttpResponse | None]:
    """Run a flow that reads a document; return its end, and the last answer that there was."""
    last = None
    while isinstance(state, Working):
        events = []
        for effect in state.awaits:
            assert isinstance(effect, HttpRequest)
            event = sender.send(effect)
            last = event if isinstance(event, HttpResponse) else last
            events.append(event)
        state = advance_any(state, events, now=time.time())
    return state, last


def outcome(ending: Resting) -> ProviderMetadata | KeySet | Failure:
    """Return what the flow came to."""
    match ending:
        case MetadataKnown(metadata):
            return metadata
        case KeysKnown(keys):
            return keys
        case _:
            assert isinstance(ending, Failed)
            return ending.failure


async def examine_files(settings: ServiceSettings) -> list[Finding]:
    """Open store and directory as `serve` would, ask each one question, and close them."""
    try:
        service = build_service(settings, tell=lambda _sentence: None)  # the questions below say it too
    except SettingsError as error:
        return list(check_problems(error.problems))
    except (OSError, sqlite3.Error) as error:
        hint = "SSO_DATA_DIR names a folder, DATABASE_URL a database"
        return [Finding("store", Verdict.FAIL, f"the place for accounts and sessions cannot be used: {error}", hint)]
    try:
        store = await service.world.perform(Peek(Kind.SESSION, "doctor"))
        directory = await service.world.perform(ReadAccount(*NOBODY))
    finally:
        await service.stop(0)
    return [check_store(store), check_directory(directory)]
