"""Who stands before the backend, and how each is told that it has changed: as its manual advises for a change of servers
without loss. Each front is unprivileged, of one thread, and configured in a temporary directory."""
import http.client
import json
import os
import signal
import socket
import string
import threading
import time

from backend import Backend, answering, end, start, start_listening, wait_for_backend, wait_until
from peers import free_port
from processes import Folder

HERE = os.path.dirname(os.path.abspath(__file__))
DRAIN_S = 1.0  # between the switch and the TERM of the old backend; as long as berth gives streams (long_grace)


class Front:
    """`port` is where clients come to; `restart()` replaces the backend and returns when the old one has ended."""
    name = how = ""
    template = None  # of its settings
    swaps = False    # berth load asks it to swap; else the load's command asks for restart()

    def __init__(self, build):
        self.build, self.folder, self.process, self.backend = build, Folder(), None, None
        self.port = free_port()
        try:
            self.open()
            wait_for_backend(self.port)
        except BaseException:
            self.close()
            raise

    def open(self):
        raise NotImplementedError

    def switch(self, new):
        raise NotImplementedError

    def after(self, old):
        """When the old backend has ended."""

    def restart(self):
        new, old = Backend(self.build), self.backend
        self.switch(new)
        wait_until(lambda: answering(self.port) == new.process.pid, "an answer of the new backend through the front")
        self.backend = new
        time.sleep(DRAIN_S)
        old.end()
        self.after(old)

    def write_settings(self, backend, **values):
        with open(os.path.join(HERE, "settings", self.template)) as file:
            text = string.Template(file.read()).substitute(
                values, folder=self.folder.name, port=self.port, backend=backend, berth=os.path.join(self.build, "berth"))
        path = os.path.join(self.folder.name, self.template)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.replace(path + ".new", path)
        return path

    def close(self):
        for one in (self.process, self.backend and self.backend.process):
            if one:
                end(one)
        self.folder.cleanup()


class Berth(Front):
    name, template, swaps = "berth", "berth.toml", True
    how = "`berth swap`, asked by `berth load --swap-every`"

    def open(self):
        command = [os.path.join(self.build, "berth"), "run", "-c", self.write_settings(""),
                   "--control", os.path.join(self.folder.name, "control.sock")]
        self.process, self.port = start_listening(command)


class Nginx(Front):
    name, template = "nginx", "nginx.conf"
    how = ("the new upstream into the file, HUP (what `nginx -s reload` sends); "
           f"{DRAIN_S:g} s later TERM to the old backend, then the old worker's end is waited for")

    def open(self):
        self.backend = Backend(self.build)
        path = self.write_settings(self.backend.address)
        self.process = start(["nginx", "-c", path, "-p", self.folder.name])

    def workers(self):
        return children(self.process.pid)

    def switch(self, new):
        self.old_workers = self.workers()
        self.write_settings(new.address)
        self.process.send_signal(signal.SIGHUP)

    def after(self, old):
        wait_until(lambda: not self.old_workers & self.workers(), "the end of the old workers")


class HAProxy(Front):
    """Master and worker; `socket` is the runtime API."""
    name, template = "HAProxy, runtime API", "haproxy.cfg"
    how = ("`add server`, `enable server`, `set server … state drain` for the old one; "
           f"{DRAIN_S:g} s later TERM to the old backend, then `state maint` and `del server`")

    def open(self):
        self.count, self.backend = 1, Backend(self.build)
        path = self.write_settings(self.backend.address, name="s1")
        self.process = start(["haproxy", "-W", "-f", path])

    def say(self, *commands):
        answer = b""
        with socket.socket(socket.AF_UNIX) as api:
            api.settimeout(5)
            api.connect(os.path.join(self.folder.name, "runtime.sock"))
            api.sendall(("; ".join(commands) + "\n").encode())
            while piece := api.recv(4096):
                answer += piece
        return answer.decode().strip()

    def switch(self, new):
        was, self.count = self.count, self.count + 1
        said = self.say(f"add server servers/s{self.count} {new.address}")
        if "registered" not in said:
            raise RuntimeError(f"HAProxy: {said}")
        self.say(f"enable server servers/s{self.count}", f"set server servers/s{was} state drain")

    def after(self, old):
        was = f"servers/s{self.count - 1}"
        self.say(f"set server {was} state maint")
        wait_until(lambda: "deleted" in self.say(f"del server {was}"), f"del server {was}")


class HAProxyReload(HAProxy):
    name = "HAProxy, reload"
    how = ("the new server into the file, USR2 to the master (`-W`: the listening sockets are handed to the new worker); "
           f"{DRAIN_S:g} s later TERM to the old backend, then the old worker's end is waited for")

    def switch(self, new):
        self.old_workers = children(self.process.pid)
        self.write_settings(new.address, name="s1")
        self.process.send_signal(signal.SIGUSR2)

    def after(self, old):
        wait_until(lambda: not self.old_workers & children(self.process.pid), "the end of the old worker")


class Caddy(Front):
    name, template = "Caddy", "caddy.json"
    how = ("`PATCH /config/apps/http/servers/front/routes/0/handle/0/upstreams/0/dial`; "
           f"{DRAIN_S:g} s after the first answer of the new backend TERM to the old one, then the PATCH's answer is waited for")
    path = "/config/apps/http/servers/front/routes/0/handle/0/upstreams/0/dial"

    def open(self):
        self.backend, self.admin = Backend(self.build), free_port()
        environment = os.environ | {"GOMAXPROCS": "1", "HOME": self.folder.name, "XDG_DATA_HOME": self.folder.name,
                                    "XDG_CONFIG_HOME": self.folder.name}
        path = self.write_settings(self.backend.address, admin=self.admin)
        self.process = start(["caddy", "run", "--config", path], env=environment)

    def patch(self, address):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=15)
        try:
            connection.request("PATCH", self.path, json.dumps(address), {"Content-Type": "application/json"})
            self.answer = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            self.answer = str(error)
        finally:
            connection.close()

    def switch(self, new):
        # It answers when the requests that came in before have ended, event streams among them.
        self.patching = threading.Thread(target=self.patch, args=[new.address])
        self.patching.start()

    def after(self, old):
        self.patching.join()
        if self.answer != 200:
            raise RuntimeError(f"Caddy answered PATCH with {self.answer}")


class Alone(Front):
    name, how = "alone", "TERM to the backend, its end waited for, started again on the same port"

    def open(self):
        self.backend = Backend(self.build)
        self.port = self.backend.port

    def restart(self):
        self.backend.end()
        self.backend = Backend(self.build, self.port)


FRONTS = [Berth, Nginx, HAProxy, HAProxyReload, Caddy, Alone]


def children(pid):
    found = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            found |= {int(child) for child in file.read().split()}
    return found
