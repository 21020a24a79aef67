"""An ASGI or WSGI app, served by a thread of this process (a notebook's kernel), behind a running berth.

    berth run -l 127.0.0.1:8000 --external attach         # in a terminal, once

    import berth_notebook
    server = berth_notebook.serve(app)                     # in a cell; run it again after each edit

Each run starts the app on a port of its own, waits until it answers, attaches it to berth, ends the one before it and
proves that its port is free. When the new one does not start, the old one serves on and an exception says why.
Needs Python 3.9 on Linux; an ASGI app needs uvicorn, a WSGI app takes werkzeug if it is there.
"""
from __future__ import annotations

import http.client
import os
import socket
import threading

from .control import berth_at, find_berth
from .errors import BerthError, NoBerth, NotReleased, StartFailed, StopFailed
from .ports import holders, probe, wait_released
from .threads import ServerThread, imported, kind_of

__all__ = ["serve", "Server", "servers", "probe", "holders", "wait_released", "BerthError", "NoBerth",
           "StartFailed", "StopFailed", "NotReleased"]

# What runs, by berth and app: a cell that is run again overwrites its variable, not this. Outlives a reload, too.
_servers = globals().get("_servers", {})
_lock = globals().get("_lock") or threading.RLock()


def servers():
    """The servers that run now."""
    return list(_servers.values())


def serve(app, name=None, **options):
    """Server(app, name, **options), started in the place of the one that an earlier call has started."""
    return Server(app, name, **options).restart()


class Server:
    """One app behind one app of berth.

    app       what serves: an ASGI or WSGI callable, or "module:name", imported anew at each start
    name      of berth's app; not needed where berth has one, beside the app that the notebook itself is
    kind      "asgi" or "wsgi"; None: by the app's signature
    host      to listen on, an IP; the port is always the system's choice
    control   the path of berth's control socket; None: as `berth swap` finds it
    options   of uvicorn.Config, or of werkzeug's make_server
    timeouts  in seconds: of the start, of berth's check and drain, of the end, of the port's release
    """

    def __init__(self, app, name=None, *, kind=None, host="127.0.0.1", control=None, options=None, start_timeout=30,
                 attach_timeout=90, stop_timeout=10, release_timeout=10):
        if kind not in (None, "asgi", "wsgi"):
            raise ValueError(f"kind is \"asgi\", \"wsgi\" or None, not {kind!r}")
        self.app, self.name, self.kind, self.host, self.control = app, name, kind, host, control
        self.options = dict(options or {})
        self.start_timeout, self.attach_timeout = start_timeout, attach_timeout
        self.stop_timeout, self.release_timeout = stop_timeout, release_timeout
        self.url = None  #: where users find it
        self.released = None  #: of the last one that ended: (address, "free" or "leftovers")
        self._thread = None
        self._key = None  #: (path of berth's socket, name of its app) while it runs

    @property
    def running(self):
        return self._thread is not None and self._thread.runs

    @property
    def address(self):
        """Of the server itself; None where none runs."""
        return self._thread.address if self._thread else None

    def __repr__(self):
        return f"<berth_notebook.Server {self.url} served by {self.address if self.running else 'nobody'}>"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        if self.running:
            raise RuntimeError(f"{self!r} runs already: restart() replaces it")
        return self.restart()

    def restart(self):
        """Starts the app anew, in the place of whichever server of this process has the same berth and name."""
        with _lock:
            berth, name, url = self._find()
            # The berth that was found: however it was named, and wherever this process stands by now.
            key = (os.path.realpath(berth.path), name)
            previous = _servers.get(key)
            try:
                fresh, late = self._attached(berth, name)
            except StartFailed as error:
                serves_on = f"; the one on {previous.address} serves on" if previous and previous.running else ""
                raise StartFailed(f"{error}{serves_on}") from error
            # Its own thread, too, where that served an app of another berth, which has ended.
            old = [each._thread for each in {previous, self} if each is not None and each._thread is not None]
            if previous is not None:
                previous._thread = None
            if _servers.get(self._key) is self:
                del _servers[self._key]
            self._thread, self.url, self._key, _servers[key] = fresh, url, key, self
            self._end_all(old)
            if late is not None:
                raise late
        return self

    def stop(self):
        """Lets berth go first, so that it holds requests until the next start; then ends the server."""
        with _lock:
            if self._thread is None:
                return
            self._detach()
            old, self._thread = self._thread, None
            _servers.pop(self._key, None)
            self._key = None
            self.released = (old.address, old.stop(self.stop_timeout, self.release_timeout))

    def _end_all(self, old):
        """Each, even where one does not end; then the first reason why is raised."""
        failed = None
        for thread in old:
            try:
                self.released = (thread.address, thread.stop(self.stop_timeout, self.release_timeout))
            except BerthError as error:
                failed = failed or error
        if failed is not None:
            raise failed

    def _find(self):
        # One that runs stays with its berth: another directory may be nearer to another one.
        berth = (self._key and berth_at(self._key[0])) or find_berth(self.control)
        try:
            apps = {each["name"]: each for each in berth.status()["apps"]}
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NoBerth(f"the berth on {berth.path} does not answer: {error}; start it again, or wait") from error
        # Not the one that this very kernel is a part of, where there is another: berth would refuse it.
        own = os.environ.get("BERTH_APP") if berth.path == os.environ.get("BERTH_CONTROL") else None
        choice = [each for each in apps if each != own] or list(apps)
        name = self.name or (choice[0] if len(choice) == 1 else None)
        if name is None:
            raise NoBerth(f"that berth has several apps; say which one, as name=...: {', '.join(sorted(apps))}")
        if name not in apps:
            raise NoBerth(f"that berth has no app {name!r}; it has: {', '.join(sorted(apps))}")
        return berth, name, "http://" + apps[name]["addresses"][0]

    def _attached(self, berth, name):
        """The thread that serves now, and what is to be raised all the same."""
        app = imported(self.app) if isinstance(self.app, str) else self.app
        thread = ServerThread(app, self.kind or kind_of(app), self.host, self.options, self.start_timeout)
        try:
            result = berth.change("attach", name, {"to": thread.address}, self.attach_timeout)
        except BaseException as error:
            if berth.took(name, thread.address):  # the answer was lost, or given up, behind the switch
                return thread, None if isinstance(error, Exception) else error
            self._end_quietly(thread)
            if not isinstance(error, (BerthError, OSError, ValueError, http.client.HTTPException)):
                raise
            why = (f"no answer within {self.attach_timeout:g} s (attach_timeout)"
                   if isinstance(error, socket.timeout) else error)
            raise StartFailed(f"berth did not take the new server: {why}") from error
        if result["exit_code"] == 1:
            self._end_quietly(thread)
            hint = (result.get("report") or {}).get("hint")
            raise StartFailed(f"berth did not take the new server: {result['reason']}{hint and f' ({hint})' or ''}")
        # 5: what berth itself had to end, a command, still holds its port.
        return thread, NotReleased(result["reason"]) if result["exit_code"] == 5 else None

    def _end_quietly(self, thread):
        try:
            thread.stop(self.stop_timeout, self.release_timeout)
        except BerthError:
            pass  # why it is ended at all matters more

    def _detach(self):
        address = self._thread.address
        try:
            berth, name, _ = self._find()
            if berth.generation(name, address) != "serving":
                return
            # Another one may be attached by now: that is not ours to let go of.
            result = berth.change("detach", name, {"only": address}, self.attach_timeout)
        except (NoBerth, OSError):
            return  # nobody to let go of it
        if result["exit_code"] == 1 and berth.generation(name, address) == "serving":
            raise StopFailed(f"berth did not let go of {address}: {result['reason']}; it serves on")
