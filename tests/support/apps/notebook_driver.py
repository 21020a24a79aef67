"""Runs a notebook's cells in a real kernel, then its cell tagged "serve" again: notebook_driver.py NOTEBOOK TIMES DIR.

Says "cells: done", "again N: OLD NEW" (the server's addresses, OLD proven free here), "broken: …" after an app that berth
does not take, "kernel: ready PORT", and keeps the kernel until SIGTERM. Exits 1 with the kernel's traceback when a cell fails. DIR takes all that Jupyter writes.
"""
import json
import os
import signal
import socket
import sys

notebook, times, scratch = sys.argv[1], int(sys.argv[2]), sys.argv[3]
for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "HOME"):
    os.environ[name] = scratch
os.chdir(os.path.dirname(notebook))

from jupyter_client.manager import KernelManager  # noqa: E402  (it reads the variables)

BROKEN = """
def broken(environ, start_response):
    start_response("500 Broken", [])
    return [b""]


try:
    berth_notebook.serve(broken)
except berth_notebook.StartFailed as error:
    print(error)
"""


class Ended(Exception):
    pass


def end(*_):
    raise Ended


signal.signal(signal.SIGTERM, end)


def say(*words):
    print(*words, flush=True)


class Kernel:
    def __init__(self):
        # No TCP ports: the kernel's are chosen first and bound later.
        self.manager = KernelManager(transport="ipc", connection_file=os.path.join(scratch, "kernel.json"))
        self.manager.start_kernel()
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, source):
        """What the cell printed; its traceback ends this program."""
        printed = []

        def take(message):
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = self.client.execute_interactive(source, timeout=60, output_hook=take)
        if reply["content"]["status"] != "ok":
            say("".join(printed), "\n".join(reply["content"].get("traceback", [])))
            raise SystemExit(1)
        return "".join(printed)

    def end(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def strictly_or_left_over(port):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(1)


def main():
    with open(notebook) as file:
        cells = [cell for cell in json.load(file)["cells"] if cell["cell_type"] == "code"]
    kernel = Kernel()
    try:
        for cell in cells:
            kernel.run("".join(cell["source"]))
        say("cells: done")
        serving = next("".join(c["source"]) for c in cells if "serve" in c["metadata"].get("tags", ()))
        ask = "import urllib.request as r; print(server.address, r.urlopen(server.url).read().decode())"
        kernel.run(serving)
        old, edition = kernel.run(ask).split(" ", 1)
        for number in range(times):
            kernel.run(serving)
            new, now = kernel.run(ask).split(" ", 1)
            assert new != old and now != edition, (old, edition, new, now)
            strictly_or_left_over(int(old.rpartition(":")[2]))
            say(f"again {number + 1}: {old} {new}")
            old, edition = new, now
        said = kernel.run(BROKEN)
        assert "500" in said and "serves on" in said, said
        still, now = kernel.run(ask).split(" ", 1)
        assert (still, now) == (old, edition), (old, edition, still, now)
        say("broken: the one before serves on")
        threads = kernel.run("import threading; print(*(t.name for t in threading.enumerate()))")
        assert threads.count("berth ") == 1, threads
        say("kernel: ready", old.rpartition(":")[2], ".")
        # A signal just before a plain pause would only be handled behind it.
        woken, wakeup = socket.socketpair()
        wakeup.setblocking(False)
        signal.set_wakeup_fd(wakeup.fileno())
        while True:
            woken.recv(1)
    except Ended:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        kernel.end()


main()
