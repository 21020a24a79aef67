"""A running berth: found as `berth swap` finds it, and asked over its control socket (docs/api.md)."""
from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import stat
import struct
import time

from .errors import BerthError, NoBerth


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("berth", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
        _, uid, _ = struct.unpack("3i", self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if uid not in (0, os.geteuid()):
            raise NoBerth(f"user {uid} answers on {self._path}, neither you nor root")


class Berth:
    def __init__(self, path):
        self.path = path

    def lines(self, method, target, body=None, timeout=10.0):
        """Each object of the answer as it comes; BerthError for a problem, OSError past the deadline."""
        deadline = time.monotonic() + timeout
        connection = _UnixConnection(self.path, timeout)
        try:
            connection.connect()
            sock = connection.sock  # the connection lets go of it once the answer begins
            connection.request(method, target, body and json.dumps(body), {"Connection": "close"})
            with connection.getresponse() as response:
                if response.status != 200:
                    problem = json.loads(response.read() or b"{}")
                    raise BerthError(problem.get("detail") or problem.get("title") or f"status {response.status}")
                while True:
                    sock.settimeout(max(deadline - time.monotonic(), 0.001))
                    line = response.readline()
                    if not line:
                        return
                    yield json.loads(line)
        finally:
            connection.close()

    def status(self):
        return next(self.lines("GET", "/v1/status"))

    def directory(self):
        """Where it was started; "" if it does not say, for it has just ended."""
        try:
            return self.status()["dir"]
        except (BerthError, OSError, ValueError, http.client.HTTPException):
            return ""

    def change(self, verb, app, body, timeout):
        """The result of attach or detach."""
        for event in self.lines("POST", f"/v1/apps/{app}/{verb}", body, timeout):
            if event.get("event") == "result":
                return event
        raise BerthError(f"berth ended before the {verb} was over; start it again: berth run --external attach")

    def generation(self, app, address):
        """The state of the generation that is this server; None: there is none."""
        for each in self.status()["apps"]:
            if each["name"] == app:
                states = [one["state"] for one in each["generations"] if one["endpoint"] == address]
                return states[-1] if states else None
        return None

    def took(self, app, address):
        """Whether berth serves `address` after an attach whose result is not known. One that goes on is cancelled."""
        try:
            try:
                next(self.lines("POST", f"/v1/apps/{app}/cancel"))
            except BerthError:
                pass  # there is nothing to cancel any more
            deadline = time.monotonic() + 5
            while self.generation(app, address) == "starting" and time.monotonic() < deadline:
                time.sleep(0.01)
            return self.generation(app, address) == "serving"
        except (BerthError, OSError, ValueError, http.client.HTTPException):
            return False  # it has ended


def _trusted(directory):
    try:
        facts = os.lstat(directory)
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid() and not facts.st_mode & 0o022


def _answers(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        return sock.connect_ex(path) in (0, errno.EAGAIN)


def berth_at(path):
    """The berth that answers there; None: there is none any more."""
    return Berth(path) if _answers(path) else None


def find_berth(control=None):
    """As `berth swap` finds it: the path given, $BERTH_CONTROL, the only berth of this user, or the one whose
    directory contains this one."""
    named = control or os.environ.get("BERTH_CONTROL")
    start = "start one in a terminal: berth run -l 127.0.0.1:8000 --external attach"
    if named:
        if _answers(named):
            return Berth(named)
        raise NoBerth(f"no berth answers on {named}{'' if control else ' (from $BERTH_CONTROL)'}; {start}")
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    try:
        ours = os.stat(runtime).st_uid == os.geteuid()
    except OSError:
        ours = False
    found = []
    for outer in ([runtime] if ours else []) + [f"/tmp/berth-{os.geteuid()}"]:
        inner = os.path.join(outer, "berth")
        if _trusted(outer) and _trusted(inner):
            paths = (os.path.join(inner, name) for name in sorted(os.listdir(inner))
                     if name.endswith(".sock") and not name.startswith("."))
            found += [Berth(path) for path in paths if _answers(path)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NoBerth(f"no berth is running here; {start}")
    dirs = {berth: berth.directory() for berth in found}
    try:
        here = os.getcwd()
    except OSError:
        here = ""  # it was deleted
    around = [berth for berth in found if here and dirs[berth] and os.path.commonpath([here, dirs[berth]]) == dirs[berth]]
    best = max((len(dirs[berth]) for berth in around), default=0)
    nearest = [berth for berth in around if len(dirs[berth]) == best]
    if len(nearest) == 1:
        return nearest[0]
    raise NoBerth("several berths are running; say which one, as control=...: "
                  + ", ".join(f"{berth.path} (in {dirs[berth]})" for berth in found))
