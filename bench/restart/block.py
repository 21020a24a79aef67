"""One block: a front, the load against it, and so many restarts of its backend in between; what comes is the report of
`berth load`."""
import json
import os
import shutil
import socket
import subprocess
import threading

from backend import end, end_all, start

RATE = 1000
MIX = "get=80%,fresh=10%,post=10%@/echo,events=4@/events?ms=50,websocket=4@/ws"
# What the load runs for a restart: asks this program, which has started the processes and waits for their ends.
ASK = ('exec 3<>/dev/tcp/127.0.0.1/{port} && IFS= read -r said <&3 && [ "$said" = done ] || '
       '{{ echo "$said" >&2; exit 1; }}')


class Restarter:
    """Restarts the front's backend for each connection that comes, and says "done", or why not."""

    def __init__(self, front):
        self.front, self.listener = front, socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.front.restart()
                    said = "done"
                except Exception as error:  # the load's report names it
                    said = " ".join(str(error).split()) or type(error).__name__
                try:
                    connection.sendall(said.encode() + b"\n")
                except OSError:
                    pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def command(front, restarts, every, build, files=(), ask=None):
    """`files`: options that say where reports go. In the front's folder, so that reports have no path of the machine."""
    line = [os.path.join(build, "berth"), "load", f"http://127.0.0.1:{front.port}/", "-r", str(RATE), "--mix", MIX,
            "--probe", "1ms", "-d", f"{int((restarts + 1) * every * 1000) - 200}ms", *files]
    if front.swaps:
        return line + ["--swap-every", f"{int(every * 1000)}ms", "--control", "control.sock"]
    return line + ["--each", f"{int(every * 1000)}ms", "--", "bash", "-c", ask]


def run(kind, restarts, every, build, html=None):
    """The report, and the page of it as `html`; raises RuntimeError if there is none."""
    front = kind(build)
    restarter = None if front.swaps else Restarter(front)
    try:
        files = ["--json", "report.json"] + (["--html", "report.html"] if html else [])
        ask = restarter and ASK.format(port=restarter.port)
        load = start(command(front, restarts, every, build, files, ask), cwd=front.folder.name, stderr=subprocess.PIPE, text=True)
        try:
            said = load.communicate(timeout=(restarts + 1) * (every + 30))[1]
        except BaseException:
            end(load)
            raise
        end(load)
        path = os.path.join(front.folder.name, "report.json")
        if not os.path.exists(path) or not os.path.getsize(path):
            raise RuntimeError(f"{front.name}: berth load: {said.strip() or load.returncode}")
        if html:
            shutil.copyfile(os.path.join(front.folder.name, "report.html"), html)
        with open(path) as file:
            return json.load(file)
    finally:
        if restarter:
            restarter.close()
        front.close()
        end_all()  # of a restart that broke off
