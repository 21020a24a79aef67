"""Who is measured: berth, Debian's nginx, HAProxy and Caddy, and a relay that reads nothing. One thread each."""
import http.client
import os
import shutil
import socket
import string
import subprocess

from processes import OTHER_CORE, PROXY_CORE, Folder, most_clients, start, start_listening, stop, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = {"nginx": "nginx", "HAProxy": "haproxy", "Caddy": "caddy"}


class Backend:
    """The fixed backend, beside the load; over TCP, or on a unix socket."""

    def __init__(self, build, size=100, unix=False):
        self.folder = Folder()
        self.program = os.path.join(build, "bench/compare/fixed_backend")
        path = [os.path.join(self.folder.name, "backend.sock")] if unix else []
        self.process, self.address = start_listening([self.program, str(size)] + path, OTHER_CORE)

    def stop(self):
        stop(self.process)
        self.folder.cleanup()


class Peer:
    """A proxy that runs; `port` is where its clients come to."""

    def __init__(self, name, process, port, folder, settings):
        self.name, self.process, self.port, self.folder, self.settings = name, process, port, folder, settings
        self.fields, self.script = [], None  # of the load that it is for, beside the row's
        wait_for(self.answers, f"an answer of {name}")

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} has ended with {self.process.returncode}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/", headers={"Host": "a0.example.org"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self):
        stop(self.process)
        self.folder.cleanup()


def fill(template, folder, **values):
    """The file of settings, with its places filled; as a path, and as text for the report."""
    with open(os.path.join(HERE, "settings", template)) as file:
        text = string.Template(file.read()).substitute(values, folder=folder.name)
    path = os.path.join(folder.name, template)
    with open(path, "w") as file:
        file.write(text)
    return path, text.replace(folder.name, "FOLDER").replace(ROOT + os.sep, "")


def free_port():
    """Chosen by the system, and free again: for programs that cannot be handed a socket."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx(_build, backend, connections, **_):
    folder, port = Folder(), free_port()
    path, text = fill("nginx.conf", folder, port=port, backend=backend.address, connections=connections)
    return Peer("nginx", start(["nginx", "-c", path, "-p", folder.name], PROXY_CORE), port, folder, text)


def haproxy(_build, backend, name="HAProxy", splice="", **_):
    folder, port = Folder(), free_port()
    path, text = fill("haproxy.cfg", folder, port=port, backend=backend.address, splice=splice,
                      clients=most_clients(3 if splice else 2))  # and its pipes
    return Peer(name, start(["haproxy", "-db", "-f", path], PROXY_CORE), port, folder, text)


def haproxy_splice(build, backend, **more):
    return haproxy(build, backend, name="HAProxy, splice", splice="option splice-response", **more)


def caddy(_build, backend, connections, **_):
    folder, port = Folder(), free_port()
    path, text = fill("Caddyfile", folder, port=port, backend=backend.address, connections=connections)
    environment = os.environ | {"GOMAXPROCS": "1", "HOME": folder.name, "XDG_DATA_HOME": folder.name,
                                "XDG_CONFIG_HOME": folder.name}
    command = ["caddy", "run", "--config", path, "--adapter", "caddyfile"]
    return Peer("Caddy", start(command, PROXY_CORE, env=environment), port, folder, "GOMAXPROCS=1\n" + text)


def relay(build, backend, name="relay", options=(), **_):
    command = [os.path.join(build, "bench/compare/relay"), *options, backend.address]
    process, address = start_listening(command, PROXY_CORE)
    return Peer(name, process, int(address.rpartition(":")[2]), Folder(), "")


def splice_relay(build, backend, **more):
    return relay(build, backend, name="splice relay", options=["--splice"], **more)


def run_berth(build, folder, name, settings):
    path, text = settings
    control = os.path.join(folder.name, "control.sock")
    command = [os.path.join(build, "berth"), "run", "-c", path, "--control", control]
    process, address = start_listening(command, PROXY_CORE)
    peer = Peer(name, process, int(address.rpartition(":")[2].rstrip("/")), folder, text)
    peer.control = control
    return peer


def berth(build, backend, connections, name="berth", source=None, access=False, **_):
    """`source`: what its app serves; else the backend that runs already."""
    folder = Folder()
    log = os.path.join(folder.name, "access.log") if access else ""
    source = source or f'external = "{backend.address}"'
    return run_berth(build, folder, name, fill("berth.toml", folder, source=source, access=log,
                                               connections=max(512, connections)))


def berth_logging(build, backend, **more):
    return berth(build, backend, name="berth, access log", access=True, **more)


def berth_starts(build, backend, port="lease", argument="", name="berth", **more):
    """With a backend that berth itself starts, on the other core."""
    command = f'["taskset", "-c", "{OTHER_CORE}", "{backend.program}", "100"{argument}]'
    if (os.cpu_count() or 1) == 1:
        command = f'["{backend.program}", "100"{argument}]'
    return berth(build, backend, name=name, source=f'command = {command}\nport = "{port}"', **more)


def berth_unix(build, backend, **more):
    return berth_starts(build, backend, port="unix", argument=', "{socket}"', name="berth, unix socket", **more)


def berth_with_apps(count, asked="a0.example.org", script=None):
    """`asked` of its apps has all the load; with `script` they have it in turn."""
    def make(build, backend, connections, **_):
        folder = Folder()
        text = '[front]\nworkers = 1\n[listener."127.0.0.1:0"]\nmax_connections = 32768\n'
        for n in range(count):
            text += f'[app.app{n}]\nlisten = "127.0.0.1:0"\nexternal = "{backend.address}"\n'
            text += "" if count == 1 else f'host = "a{n // 2}.example.org"\npath = "{"/p" if n % 2 else "/"}"\n'
        path = os.path.join(folder.name, "berth.toml")
        with open(path, "w") as file:
            file.write(text)
        name = "one app" if count == 1 else f"one of {count:,} apps"
        peer = run_berth(build, folder, name if script is None else name + ", in turn", (path, ""))
        peer.fields, peer.script = [f"Host: {asked}"], script
        return peer
    return make


def version(name, build):
    command = {"berth": [os.path.join(build, "berth"), "--version"], "nginx": ["nginx", "-v"],
               "HAProxy": ["haproxy", "-v"], "Caddy": ["caddy", "version"]}[name]
    out = subprocess.run(command, capture_output=True, text=True)
    line = (out.stdout + out.stderr).strip().splitlines()[0]
    package = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", PROGRAMS.get(name, "-")],
                             capture_output=True, text=True).stdout
    return f"{line}" + (f" (package {package})" if package else "")


def missing():
    return [name for name, program in PROGRAMS.items() if not shutil.which(program)]
