"""docs/restart.md: the table, the machine, versions, commands and settings."""
import datetime
import os
import platform
import resource
import shlex
import time

import peers
from block import ASK, MIX, RATE
from fronts import DRAIN_S, HERE
from summary import tables

BUSY = 0.1  # share of the processors that others may use before it is said loudly


class Others:
    """How much of the processors programs other than these use from now on."""

    def __init__(self):
        self.begun, self.busy, self.own = time.monotonic(), self.busy_now(), self.own_now()

    @staticmethod
    def busy_now():
        with open("/proc/stat") as file:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def own_now():
        return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))

    def line(self):
        used = self.busy_now() - self.busy - (self.own_now() - self.own)
        share = max(0.0, used / (os.cpu_count() * max(time.monotonic() - self.begun, 0.001)))
        line = f"- Other programs used {100 * share:.0f} % of the processors meanwhile."
        return line if share < BUSY else f"{line} **The counts hold; the latencies are those of a busy machine, of all fronts alike.**"


def machine(build, kinds):
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    system = next((line.partition("=")[2].strip().strip('"') for line in open("/etc/os-release")
                   if line.startswith("PRETTY_NAME")), "?")
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    lines = [f"- {today}; {model}, {os.cpu_count()} cores; {platform.system()} {platform.release()}, {system}"]
    return lines + [f"- {name}: {peers.version(name, build)}" for name in ["berth", *peers.PROGRAMS]
                    if name == "berth" or any(kind.name.startswith(name) for kind in kinds)]


def load_line(kind, restarts, every):
    """As it is run, with words for what differs from run to run."""
    words = ["berth", "load", "http://127.0.0.1:PORT/", "-r", str(RATE), "--mix", MIX, "--probe", "1ms",
             "-d", f"{int((restarts + 1) * every * 1000) - 200}ms"]
    words += (["--swap-every", f"{every:g}s", "--control", "control.sock"] if kind.swaps
              else ["--each", f"{every:g}s", "--", "RESTART"])
    return shlex.join(words)


def text(kinds, summaries, where, args):
    size = min(args.block, args.restarts)
    repeat = "./dev restart-bench --write" + (f" --restarts {args.restarts}" if args.restarts != 50 else "") \
        + (f" --every {args.every:g}" if args.every != 4 else "") + (f" --block {args.block}" if args.block != 10 else "")
    lines = ["# What users see of a restart", "",
             f"Made by `{repeat}`: the same load against the same backend (`berth demo`) behind each front, {args.restarts} "
             f"restarts each, in blocks of {size}, the fronts in turn. Counts are sums; a time is the median of the blocks (of the "
             "restarts, for what one takes), with the least and the most; a ratio is taken within a block. \"Around restarts\" is from a restart's begin to half a "
             f"second after its end. Nothing is pinned to a core: load, front and backends share {os.cpu_count()} of them.", ""]
    lines += where + [""] + tables(summaries)
    lines += ["", "*Closed untold*: a kept-alive connection that ended between requests without `Connection: close`. A client that "
              "sends its next request at that moment loses it: that is a *reset* here. Browsers send a GET once more by themselves, a "
              "POST they do not. *Failed* has the requests, the event streams and the WebSockets. Of WebSocket close codes, 1006 is "
              "none at all: the connection just ended. Requests that *were due* and not begun found all of the load's 256 connections "
              "waiting.", "",
              "Pages, each of one run of its own: [behind berth](load-berth.html), [alone](load-alone.html), "
              "[both side by side](restart.html).", "",
              "## Commands", "", f"The load offers {RATE:,} requests a second whatever the server does, beside 4 event streams, 4 "
              "WebSockets and a bare connect a millisecond. Of a block, and of the pages:", "", "```"]
    wanted = {kind.swaps: kind for kind in kinds}
    lines += [load_line(kind, count, args.every) for kind in wanted.values() for count in dict.fromkeys((size, args.restarts))]
    lines += ["```", "", "`RESTART` asks the program that has started the processes, so that no interpreter starts in the middle of the "
              "load: `bash -c '" + ASK.format(port="PORT") + "'`. The pages are the same with `--html docs/load-berth.html` and "
              "`--html docs/load-alone.html`; both side by side is `berth load --compare alone.json berth.json --html docs/restart.html`.",
              "", "## How each is restarted", "",
              "Behind every front the new backend is started on a free port and asked every 5 ms until it answers; then the front is "
              "told, and asked until the new backend answers through it. The old backend ends in order at TERM: it answers what it "
              f"has begun, ends its event streams behind an event and closes its WebSockets with 1001. It gets {DRAIN_S:g} s before that, as "
              "long as berth leaves to streams before it ends them itself, spread over as long again: that is what a swap takes. The "
              "demo starts within some 10 ms, which is kind to a backend that stands alone: what takes a second to start is away for "
              "a second.", ""]
    lines += [f"- {kind.name}: {kind.how}" for kind in kinds]
    lines += ["", "Tried, and left out: HAProxy's `option idle-close-on-response`, which lets kept-alive connections wait in the old "
              "process for one more request. None is closed untold then, but a request that comes after the old backend's end is "
              "answered with 503 (8 in 3 restarts)."]
    lines += ["", "## Settings", "", "One thread each (Caddy: `GOMAXPROCS=1`).", ""]
    for template in dict.fromkeys(kind.template for kind in kinds if kind.template):
        with open(os.path.join(HERE, "settings", template)) as file:
            lines += [f"{template}:", "", "```", file.read().replace("$$", "$").rstrip(), "```", ""]
    return "\n".join(lines).rstrip() + "\n"
