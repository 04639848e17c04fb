"""What all commands share: saying things on a terminal, and ending with a sentence instead of a traceback."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from threading import Event
from typing import Self, TextIO

COLOURS = {"green": 32, "red": 31, "yellow": 33}
PORTS = range(1, 65536)
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
PLAIN_FRAMES = "|/-\\"
TICK = 0.1
"""Seconds between two frames."""


class CommandError(Exception):
    """The command ends here, with this sentence and this exit status: 2 for a mistake of usage or of settings."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


def say(text: str = "") -> None:
    """Write a line for whoever reads along, be it a program."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str, status: int = 1) -> int:
    """Write a complaint, and return the exit status."""
    sys.stderr.write(f"sso-core: {text}\n")
    return status


def printable(text: object) -> str:
    """Return what a service said, fit for a terminal: one line, and no sequence that the terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in str(text)[:200])


def painted(text: str, colour: str) -> str:
    """Return a text in a colour where a person sees it, who has not asked for none (https://no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


def moment(timestamp: float) -> str:
    """Return a time as people here write it, or say that it lies beyond every calendar."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(timestamp))
    except (OverflowError, ValueError, OSError):
        return "the end of time"


def port_number(text: str) -> int:
    """Return the port that somebody typed, for argparse."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) in PORTS):
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


class Countdown:
    """Waits, and says at the foot of the terminal what for and how long still; elsewhere it says so once.

    Leave it with `with`: the line at the foot is then gone, whatever happened.
    """

    def __init__(
        self, what: str, seconds: float, *, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._clock = clock
        self._end = clock() + seconds
        self._stream = sys.stderr if stream is None else stream
        self._moving = self._stream.isatty()
        self._frames = FRAMES if "utf" in (self._stream.encoding or "").lower() else PLAIN_FRAMES
        self._frame = 0

    def __enter__(self) -> Self:
        """Say what is waited for."""
        if not self._moving:
            self._write(f"{self._what}, for {(self._end - self._clock()) / 60:.0f} minutes at most.\n")
        return self

    def __exit__(self, *_: object) -> None:
        """Clear the line."""
        if self._moving:
            self._write("\r\x1b[K")

    @property
    def is_over(self) -> bool:
        """Whether there is no time left."""
        return self._clock() >= self._end

    def pause(self, seconds: float, until: Event | None = None) -> bool:
        """Wait so many seconds, or until the event, or until the time is over; return whether the event is there."""
        arrived = Event() if until is None else until
        resume = min(self._clock() + seconds, self._end)
        while not arrived.is_set() and (left := resume - self._clock()) > 0:
            if self._moving:
                self._draw()
            arrived.wait(min(TICK, left) if self._moving else left)
        return arrived.is_set()

    def _draw(self) -> None:
        self._frame += 1
        minutes, seconds = divmod(max(0, round(self._end - self._clock())), 60)
        frame = self._frames[self._frame % len(self._frames)]
        self._write(f"\r{frame} {self._what}, {minutes}:{seconds:02} left\x1b[K")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
