"""All the targets, and the rule by which the core's readers of foreign bytes are told from its other functions."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import sso_core
from fuzz import of_network, of_provider, of_settings, of_store, of_web, of_wire
from fuzz.promise import Target

TARGETS: tuple[Target, ...] = (
    *of_wire.TARGETS,
    *of_web.TARGETS,
    *of_provider.TARGETS,
    *of_store.TARGETS,
    *of_settings.TARGETS,
    *of_network.TARGETS,
)
BY_NAME = {target.name: target for target in TARGETS}

READS = re.compile(
    r"(parse|read|split|unseal|verify|safe|is_trusted|presented)(_|$)|.*_?(decode|from_toml|from_environment)(_|$)"
)
"""How functions are called that turn what was written elsewhere into values."""
FOREIGN = re.compile(r"\b(str|bytes|object|Secret|HttpResponse|Request|Mapping)\b")
"""The types in which what was written elsewhere arrives."""


@cache
def readers() -> dict[str, Callable[..., Any]]:
    """Return the public functions and methods of the core that are called like readers, and take what is foreign."""
    found = {}
    for name, function in _functions():
        annotations = [
            str(kind) for argument, kind in inspect.get_annotations(function).items() if argument != "return"
        ]
        foreign = any(map(FOREIGN.search, annotations)) and "Reading" not in annotations  # which was read by then
        if foreign and READS.match(function.__name__):
            found[name] = function
    return found


def _functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for info in pkgutil.walk_packages(sso_core.__path__, "sso_core."):
        if info.name.startswith("sso_core.testing"):
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if getattr(value, "__module__", None) != info.name or name.startswith("_"):
                continue
            if inspect.isfunction(value):
                yield f"{info.name}.{name}", value
            elif inspect.isclass(value):
                for method, function in vars(value).items():
                    if inspect.isfunction(function) and not method.startswith("_"):
                        yield f"{info.name}.{name}.{method}", function
