"""The truth about one port: who listens there, and the wait until nobody does. Knows neither servers nor berth's API."""
from __future__ import annotations

import errno
import ipaddress
import json
import os
import shutil
import socket
import struct
import subprocess
import time

from .errors import BerthError, NotReleased


def numeric(host):
    """The address as text, an IPv4-mapped one as IPv4 and localhost as 127.0.0.1. BerthError for what is none."""
    name = host.lower().rstrip(".") if isinstance(host, str) else ""
    if name == "localhost" or name.endswith(".localhost"):
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host) if isinstance(host, str) else None
    except ValueError:
        address = None
    if address is None:
        raise BerthError(f"host is an IP address of this machine, as in host=\"127.0.0.1\", and not {host!r}")
    return str(getattr(address, "ipv4_mapped", None) or address)


def bound(sock, host, port):
    """Binds; BerthError says what to do where this machine has no such address."""
    try:
        sock.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise
        why = error.strerror or error
        raise BerthError(f"nobody can listen on {host} here: {why}. This machine's addresses are shown by `ip address`; "
                         "leave host out for 127.0.0.1, or say host=\"0.0.0.0\" for all of them") from error


def stream_socket(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # asyncio looks for this very protocol before it turns Nagle's algorithm off.
        return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise BerthError(f"no socket for {host} can be opened: {error.strerror}; leave host out for 127.0.0.1") from error


def _can_listen(host, port, reuse):
    with stream_socket(host) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
        try:
            bound(sock, host, port)
            sock.listen(1)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return False
    return True


def probe(host, port):
    """"free", "leftovers" (nobody listens, connections in TIME_WAIT and the like are left) or "held" (listened on, or
    bound by somebody who does not listen yet), of exactly this host: another one may share the number."""
    host = numeric(host)
    if _can_listen(host, port, reuse=False):
        return "free"
    if not _can_listen(host, port, reuse=True):
        return "held"
    # Whoever has bound it with SO_REUSEADDR lets others in until it listens. No table lists it, so it is what is in the
    # way where nothing else is.
    if any(_overlaps(at, host) for table in _tables() for at in _rows(table, port, listening=False).values()):
        return "leftovers"
    return "free" if _can_listen(host, port, reuse=False) else "held"


def address_text(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _ask_berth(host, port):
    command = shutil.which("berth")
    if command is None:
        return None
    try:
        said = subprocess.run([command, "port", address_text(host, port), "--json"], capture_output=True, timeout=5)
        return [each for address in json.loads(said.stdout)["addresses"] for each in address["holders"]]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return None  # an older berth: /proc says nearly as much


def _tables():
    return filter(os.path.exists, ("/proc/net/tcp", "/proc/net/tcp6"))


def _rows(table, port, listening):
    """{key: "HOST:PORT"} of a /proc/net/tcp table; the key of a listener is its inode."""
    found, family = {}, socket.AF_INET6 if table.endswith("6") else socket.AF_INET
    with open(table) as lines:
        for fields in (line.split() for line in list(lines)[1:]):
            host, number = fields[1].split(":")
            if int(number, 16) == port and (fields[3] == "0A") == listening:
                words = struct.unpack(f">{len(host) // 8}I", bytes.fromhex(host))
                host = socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))
                found[fields[9] if listening else len(found)] = address_text(host, port)
    return found


def _overlaps(listening, host):
    own, wild = listening.rpartition(":")[0].strip("[]"), ("0.0.0.0", "::")
    return own == host or own in wild or host in wild


def _links(directory):
    links = set()
    try:
        for name in os.listdir(directory):
            try:
                links.add(os.readlink(f"{directory}/{name}"))
            except OSError:
                pass  # closed since, as the one of this very listing is
    except OSError:
        pass  # another user's, or ended
    return links


def _command_line(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as text:
            return text.read().replace("\0", " ").strip()
    except OSError:
        return ""


def holders(host, port):
    """Who listens there: dicts with pid (0: not ours to see), command_line and address."""
    host = numeric(host)
    found = _ask_berth(host, port)
    if found is not None:
        return found
    inodes = {}
    for table in _tables():
        inodes.update((i, at) for i, at in _rows(table, port, listening=True).items() if _overlaps(at, host))
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")) if inodes else ():
        links = _links(f"/proc/{pid}/fd")
        found += [{"pid": int(pid), "command_line": _command_line(pid), "address": at}
                  for inode, at in inodes.items() if f"socket:[{inode}]" in links]
    return found or [{"pid": 0, "command_line": "", "address": at} for at in inodes.values()]


def _who(found):
    def one(holder):
        if not holder.get("pid"):
            return f"a process of another user, on {holder.get('address')}"
        mine = ", this very process" if holder["pid"] == os.getpid() else ""
        return f"pid {holder['pid']} ({holder.get('command_line')}){mine}, on {holder.get('address')}"
    return " and ".join(map(one, found)) or "somebody who has bound it and does not listen, or has left by now"


def wait_released(host, port, timeout):
    """Waits until nobody listens there; "free" or "leftovers". NotReleased names the holders at the deadline."""
    deadline, pause = time.monotonic() + timeout, 0.002
    while True:
        state = probe(host, port)
        if state != "held":
            return state
        if time.monotonic() >= deadline:
            found = holders(host, port)
            raise NotReleased(f"{address_text(host, port)} is still held after {timeout:g} s by {_who(found)}", found)
        time.sleep(pause)
        pause = min(pause * 2, 0.1)
