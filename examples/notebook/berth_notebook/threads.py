"""One app, served by one thread: from its socket to its end. Knows nothing of berth."""
from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import logging
import socket
import socketserver
import sys
import threading
import time
import traceback
from importlib.machinery import SourceFileLoader
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from .errors import BerthError, StartFailed, StopFailed
from .ports import address_text, bound, numeric, stream_socket, wait_released


def kind_of(app):
    """"asgi" or "wsgi", by how many arguments it takes."""
    target = app if inspect.isroutine(app) or inspect.isclass(app) else type(app).__call__
    try:
        parameters = [p for p in inspect.signature(target).parameters.values()
                      if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty]
    except (TypeError, ValueError):
        parameters = []
    count = len(parameters) - (target is not app)
    if count not in (2, 3):
        raise StartFailed(f"{app!r} takes neither (scope, receive, send) nor (environ, start_response): "
                          "say kind=\"asgi\" or kind=\"wsgi\"")
    return "asgi" if count == 3 else "wsgi"


class _SourceAlone(SourceFileLoader):
    """Python's own loader, but for its cache: that takes a source of the same second and size for the same."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _module_of_source(name):
    importlib.invalidate_caches()  # a file or folder that is new since the last import
    spec = importlib.util.find_spec(name)
    if spec is None or type(spec.loader) is not SourceFileLoader:
        return importlib.import_module(name)
    spec.loader = _SourceAlone(spec.loader.name, spec.loader.path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
    return sys.modules[name]


def imported(text):
    """The app that "module:name" names, from a fresh copy of its module; the old copy stays as it is."""
    module, _, name = text.partition(":")
    before = sys.modules.pop(module, None)
    try:
        found = _module_of_source(module)
        for part in (name or "app").split("."):
            found = getattr(found, part)
    except BaseException as error:
        if before is not None:
            sys.modules[module] = before
        if not isinstance(error, (Exception, SystemExit)):
            raise
        raise StartFailed(f"importing {text} failed: {type(error).__name__}: {error}") from error
    return found


class _Asgi:
    def __init__(self, app, sock, options):
        try:
            import uvicorn
        except ImportError as error:
            raise StartFailed("an ASGI app is served by uvicorn, which is not installed: pip install uvicorn") from error
        # The kernel's own logging, signals and event loop policy stay as they are.
        settings = {"log_config": None, "access_log": False, "loop": "asyncio", **options}
        self._server = uvicorn.Server(uvicorn.Config(app, **settings))
        self._server.install_signal_handlers = lambda: None
        self._sock = sock

    def run(self):
        asyncio.run(self._server.serve(sockets=[self._sock]))

    def started(self):
        return self._server.started

    def end(self):
        self._server.should_exit = True

    def hurry(self):
        self._server.force_exit = True


class _QuietRequests:
    def log_request(self, *args, **kwargs):
        pass  # a line each would fill the cell


class _PlainHandler(_QuietRequests, WSGIRequestHandler):
    pass


class _PlainServer(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Wsgi:
    def __init__(self, app, sock, options):
        sock.listen(128)
        address = sock.getsockname()[:2]
        try:
            from werkzeug import serving
            handler = type("Handler", (_QuietRequests, serving.WSGIRequestHandler), {})
            self._server = serving.make_server(*address, app, threaded=True, request_handler=handler,
                                               fd=sock.fileno(), **options)
            sock.close()  # it has a duplicate
        except ImportError:
            self._server = _PlainServer(address, _PlainHandler, bind_and_activate=False)
            self._server.socket.close()
            self._server.socket = sock
            self._server.server_name, self._server.server_port = address
            self._server.setup_environ()
            self._server.set_app(app)
        self._runs = False

    def run(self):
        self._runs = True
        with self._server:
            self._server.serve_forever(poll_interval=0.05)

    def started(self):
        return self._runs

    def end(self):
        threading.Thread(target=self._server.shutdown, daemon=True).start()

    def hurry(self):
        pass


class _Errors(logging.Handler):
    """What uvicorn says on the thread that starts: the reason is nowhere else."""

    def __init__(self, thread):
        super().__init__(logging.ERROR)
        self._thread = thread
        self.reasons = []

    def emit(self, record):
        if record.thread != self._thread.ident:
            return
        if record.exc_info and record.exc_info[1] is not None:
            self.reasons.append(_reason(record.exc_info[1]))
        elif record.getMessage().strip():
            self.reasons.append(record.getMessage().strip().splitlines()[-1])


def _reason(error):
    return f"{type(error).__name__}: {error}"


class ServerThread:
    """Started when the constructor returns; StartFailed if it does not come up."""

    def __init__(self, app, kind, host, options, start_timeout):
        try:
            host = numeric(host)
            sock = stream_socket(host)
        except BerthError as error:
            raise StartFailed(str(error)) from error
        try:
            bound(sock, host, 0)
            # After the bind, so that the number is nobody else's: what it leaves in TIME_WAIT can be told from a listener.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.host, self.port = sock.getsockname()[:2]
            self._server = {"asgi": _Asgi, "wsgi": _Wsgi}[kind](app, sock, options)
        except BaseException as error:
            sock.close()
            if type(error) is BerthError:
                raise StartFailed(str(error)) from error
            raise
        near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        self.address = address_text(near, self.port)
        self._failure = None
        self._thread = threading.Thread(target=self._run, name=f"berth {self.address}", daemon=True)
        errors = _Errors(self._thread)
        logging.getLogger("uvicorn.error").addHandler(errors)
        try:
            self._thread.start()
            self._wait_started((near, self.port), start_timeout, errors)
        except BaseException:
            self._server.end()
            self._server.hurry()
            self._thread.join(1)
            sock.close()
            raise
        finally:
            logging.getLogger("uvicorn.error").removeHandler(errors)

    @property
    def runs(self):
        return self._thread.is_alive()

    def _run(self):
        try:
            self._server.run()
        except BaseException as error:  # told by whoever waits for it
            self._failure = error

    def _wait_started(self, address, timeout, errors):
        deadline = time.monotonic() + timeout
        while not self._server.started():
            self._thread.join(0.005)
            if not self._thread.is_alive() and not self._server.started():
                reasons = errors.reasons + ([_reason(self._failure)] if self._failure else [])
                raise StartFailed("the server ended before it had started: "
                                  + (reasons or ["it gave no reason"])[0]) from self._failure
            if time.monotonic() >= deadline:
                raise StartFailed(f"the server has not started within {timeout:g} s; what its thread does: "
                                  + self.doing())
        try:
            socket.create_connection(address, max(deadline - time.monotonic(), 1)).close()
        except OSError as error:
            raise StartFailed(f"the server has started, but {self.address} does not answer: {error}") from error

    def doing(self):
        """Where the thread is, in one line."""
        frame = sys._current_frames().get(self._thread.ident)
        if frame is None:
            return "nothing, it has ended"
        last = traceback.extract_stack(frame)[-1]
        return f"{last.name} ({last.filename}:{last.lineno})"

    def stop(self, stop_timeout, release_timeout):
        """Ends it in order, then in haste, and waits for its port: "free" or "leftovers"."""
        self._server.end()
        self._thread.join(stop_timeout)
        if self._thread.is_alive():
            self._server.hurry()
            self._thread.join(min(stop_timeout, 2))
        if self._thread.is_alive():
            raise StopFailed(f"the server on {self.address} has not ended within {stop_timeout:g} s; its thread is in "
                             f"{self.doing()}. It gets no requests from berth; stop what it does, call stop() of "
                             "this exception's `thread`, or restart the kernel", self)
        return wait_released(self.host, self.port, release_timeout)
