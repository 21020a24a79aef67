"""What is there in the system: processes, listeners, and what a run has written down."""
import os


def alive(pid):
    """Whether there is such a process, be it one that nobody has collected."""
    return os.path.exists(f"/proc/{pid}")


def listening(port):
    """Whether anybody listens on this number, on any address."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as lines:
                if any(len(f := line.split()) > 3 and f[3] == "0A" and f[1].endswith(wanted) for line in lines):
                    return True
        except FileNotFoundError:
            continue
    return False


def of_run(token):
    """The processes that have the run's token in their environment, this one aside: whatever their parents are."""
    wanted, found = f"BERTH_CHAOS={token}".encode(), []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as environ, open(f"/proc/{name}/cmdline", "rb") as command:
                if wanted in environ.read().split(b"\0") and int(name) != os.getpid():
                    found.append((int(name), command.read().replace(b"\0", b" ").decode(errors="replace")[:120]))
        except (OSError, ProcessLookupError):
            continue
    return found


class Record:
    """The lines that the backends have written: time, pid, mark, word and what follows."""

    def __init__(self, path):
        self.path, self.offset, self.known = path, 0, []

    def lines(self):
        try:
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
        except FileNotFoundError:
            return self.known
        whole = data[:data.rfind(b"\n") + 1]
        self.offset += len(whole)
        for line in whole.decode().splitlines():
            at, pid, mark, word, *rest = line.split(" ")
            self.known.append((float(at), int(pid), mark, word, *rest))
        return self.known
