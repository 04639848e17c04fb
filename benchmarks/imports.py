"""What an import costs in a fresh process: CPU, resident memory, modules, each less those of a bare interpreter.

Each process imports one thing, with its bytecode already compiled; processes are interleaved.
"""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median
from typing import NamedTuple

from benchmarks.measure import Spread, spread

PIECES = (
    "import json, re, hmac, hashlib, base64, urllib.parse, enum, typing, ipaddress, attrs\n"
    "from cryptography.hazmat.primitives import hashes\n"
    "from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa\n"
    "from cryptography.hazmat.primitives.ciphers.aead import AESGCM"
)
FLOOR, AUTHLIB = "attrs + cryptography + stdlib", "Authlib, Starlette client"
TARGETS = {
    "nothing": "",
    FLOOR: PIECES,
    "PyJWT's algorithms": "import jwt.algorithms",
    "core": "import sso_core.web.site",
    "core + httpx adapter": "import sso_core.web.site, sso_adapters.http.senders",
    "httpx": "import httpx",
    AUTHLIB: "import warnings; warnings.simplefilter('ignore')\nimport authlib.integrations.starlette_client",
    "fastapi-sso, generic": "import fastapi_sso.sso.generic",
}
FORBIDDEN = (
    "httpx",
    "httpcore",
    "requests",
    "aiohttp",
    "starlette",
    "fastapi",
    "pydantic",
    "anyio",
    "asyncio",
    "socket",
)
"""What the core must not bring along."""

_REPORT = """
import sys, time
cpu = time.process_time()
names = list(sys.modules)
import json, os, pathlib
statm = pathlib.Path("/proc/self/statm")
memory = int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if statm.exists() else 0.0
print(json.dumps([cpu * 1000, memory, len(names), [name for name in %r if name in names]]))
"""


class Import(NamedTuple):
    """Milliseconds and MiB (where the system tells) beyond those of a bare interpreter, and what came along."""

    cpu: list[float]
    memory: float
    modules: int
    brought: list[str]

    @property
    def spread(self) -> Spread:
        """The spread of the CPU time."""
        return spread(self.cpu)


def weigh(rounds: int) -> dict[str, Import]:
    """Start so many processes for each target, after one to compile."""
    for code in TARGETS.values():
        _process(code)
    seen = [{name: _process(code) for name, code in TARGETS.items()} for _ in range(rounds)]
    result = {}
    for name in list(TARGETS)[1:]:
        pairs = [(one[name], one["nothing"]) for one in seen]
        result[name] = Import(
            [target[0] - bare[0] for target, bare in pairs],
            median(target[1] - bare[1] for target, bare in pairs),
            pairs[0][0][2] - pairs[0][1][2],
            pairs[0][0][3],
        )
    return result


def _process(code: str) -> tuple[float, float, int, list[str]]:
    program = f"{code}\n{_REPORT % (FORBIDDEN,)}"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    cpu, memory, modules, brought = json.loads(done.stdout)
    return cpu, memory, modules, brought
