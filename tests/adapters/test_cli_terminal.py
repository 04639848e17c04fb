from __future__ import annotations

import argparse
import io
from threading import Event

import pytest

from sso_adapters.cli.terminal import CommandError, Countdown, moment, painted, port_number, printable


class Screen(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


class Hours:
    """A clock that goes on by a step each time that it is read."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_on_a_terminal_the_time_left_is_at_its_foot_and_then_gone() -> None:
    screen = Screen()
    with Countdown("Waiting", 125, stream=screen, clock=Hours(1)) as countdown:
        assert not countdown.pause(3)
    assert "Waiting, 2:0" in screen.getvalue()
    assert screen.getvalue().endswith("\r\x1b[K")
    assert "\n" not in screen.getvalue()


def test_elsewhere_it_is_said_once() -> None:
    stream = io.StringIO()
    with Countdown("Waiting", 600, stream=stream, clock=Hours(1)) as countdown:
        countdown.pause(2)
    assert stream.getvalue() == "Waiting, for 10 minutes at most.\n"


def test_a_pause_ends_with_what_it_waits_for() -> None:
    arrived = Event()
    arrived.set()
    with Countdown("Waiting", 600, stream=io.StringIO()) as countdown:
        assert countdown.pause(600, arrived)
        assert not countdown.is_over


def test_and_with_the_time() -> None:
    with Countdown("Waiting", 5, stream=io.StringIO(), clock=Hours(2)) as countdown:
        assert not countdown.pause(600)
        assert countdown.is_over


@pytest.mark.parametrize("text", ["\x1b]0;owned\x07", "two\nlines", "\u202eevil", "\x9b31m"])
def test_no_text_of_a_service_commands_the_terminal(text: str) -> None:
    assert printable(text).isprintable()


@pytest.mark.parametrize("timestamp", [1e300, -1e300, float("inf"), float("nan")])
def test_a_time_beyond_every_calendar_is_told_as_well(timestamp: float) -> None:
    assert moment(timestamp) == "the end of time"
    assert moment(0).startswith(("1969", "1970"))


def test_a_long_text_is_cut() -> None:
    assert len(printable("x" * 10_000)) == 200


@pytest.mark.parametrize("text", ["0", "65536", "-1", "x", "", "٤", "1" * 5000])
def test_what_is_no_port_is_a_mistake_of_usage(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="1 to 65535"):
        port_number(text)


def test_colours_are_for_terminals_of_people_who_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert painted("ok", "green") == "ok"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert painted("ok", "green") == "\x1b[32mok\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert painted("ok", "green") == "ok"


def test_an_error_carries_its_exit_status() -> None:
    assert (CommandError("no").status, CommandError("no", 2).status) == (1, 2)
