"""A small HTTP/1.1 server: an ASGI application under asyncio or trio, a WSGI application on threads.

For the demo, the command's loopback and small deployments behind a proxy. It speaks plain HTTP/1.1, bounds whatever a
client may take, and believes no header about where a request comes from or goes to.

    serving     the two doors
    listening   a port, its connections, their orderly end
    connection  requests of one client, one after the other
    exchange    one request and its response; refusals behind the application's back
    wire        bytes: h11 on a stream, with a bound on each wait
    asgi, lifespan, wsgi    the interfaces of applications
"""

from sso_adapters.server.exchange import ApplicationError
from sso_adapters.server.lifespan import LifespanError
from sso_adapters.server.limits import Limits
from sso_adapters.server.serving import ThreadedServer, serve_asgi

__all__ = ["ApplicationError", "LifespanError", "Limits", "ThreadedServer", "serve_asgi"]
