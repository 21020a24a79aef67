"""What happened in a fault run: requests, deliveries, faults and their times; and what was checked of each promise."""
import collections
import dataclasses
import time

PROMISES = {
    "P1": "the address never refuses", "P2": "a swap fails no request", "P3": "a bad backend never serves",
    "P4": "nothing to the old one after the switch", "P5": "a retired backend is gone", "P6": "no port race",
    "P7": "the address is berth's alone", "P8": "at most once to a backend", "P9": "every wait has a deadline",
    "P10": "nothing is left running", "P11": "bytes are forwarded faithfully", "P12": "it can be read afterwards",
}


@dataclasses.dataclass
class Request:
    app: str
    kind: str
    method: str
    start: float
    end: float = 0
    outcome: str = ""  # "ok", or how it failed
    detail: str = ""
    judged: bool = True  # False: its client misbehaves, and may get anything
    ended: str = ""  # how a long connection was ended in order before its client wanted to


@dataclasses.dataclass
class Window:
    """While this lasts, requests of the app (or of all: None) may fail in these ways."""
    app: str | None
    start: float
    end: float
    outcomes: frozenset
    why: str


@dataclasses.dataclass
class Mark:
    """A backend's command: what was wrong with it, and its processes."""
    app: str
    kind: str
    bad: bool = False


class Ledger:
    def __init__(self):
        self.begun = time.monotonic()
        self.events, self.requests, self.windows = [], {}, []
        self.marks = {}  # by mark
        self.retired = []  # (mark, when the switch away from it was seen)
        self.gone = []  # (mark, when berth said that it is released)
        self.swaps = []  # (app, when it was asked for, when it was over)
        self.answered_by = {}  # the mark and the pid that a request's answer named, by id
        self.killed = []  # (app, when) backends that were killed from outside
        self.stopping = {}  # mark: when its retirement was asked for
        self.checked = {promise: collections.Counter() for promise in PROMISES}
        self.broken = {promise: [] for promise in PROMISES}
        self.notes = collections.defaultdict(list)
        self.faults = collections.Counter()

    def log(self, text):
        self.events.append((time.monotonic(), text))

    def log_line(self, line):
        """A line of berth's own log; what the backends write is left out."""
        if " out   " not in line and " err   " not in line:
            self.log(f"    berth: {line}")

    def check(self, promise, holds, what, facts="", when=None):
        """Counts a check; where it does not hold, the facts are kept and the run has failed."""
        self.checked[promise][what] += 1
        if not holds:
            at = when or time.monotonic()
            self.broken[promise].append((at, f"{what}: {facts}"))
            self.events.append((at, f"{promise} BROKEN: {what}: {facts}"))
        return holds

    def begin(self, name, app, kind, method):
        request = self.requests[name] = Request(app, kind, method, time.monotonic())
        return request

    def new_mark(self, app, kind, bad):
        mark = f"{app}-{len(self.marks)}-{kind}"
        self.marks[mark] = Mark(app, kind, bad)
        return mark

    def judge_stream(self, name, pieces, wanted, most_lag):
        """A stream's pieces: (when it came, when it was sent)."""
        lag = max((came - sent for came, sent in pieces), default=0)
        excused = self.during("stopped", self.requests[name].start, time.monotonic())
        self.check("P11", len(pieces) == wanted and (lag < most_lag or excused), "streams in time",
                   f"{name}: {len(pieces)} of {wanted} pieces, one {lag:.1f} s late")

    def allow(self, app, outcomes, why, start=None):
        """Opens a window; the caller sets its end."""
        window = Window(app, start or time.monotonic(), float("inf"), frozenset(outcomes), why)
        self.windows.append(window)
        return window

    def during(self, why, start, end):
        return any(w.why == why and w.start <= end and start <= w.end for w in self.windows)

    def now(self, why):
        return self.during(why, time.monotonic(), time.monotonic())

    def failed(self):
        return [promise for promise in PROMISES if self.broken[promise]]

    def around(self, at, seconds=1.5, most=40):
        """The log around a moment."""
        near = [(t, text) for t, text in sorted(self.events) if abs(t - at) <= seconds]
        return [f"  {t - self.begun:8.3f}  {text}" for t, text in near[-most:]]

    def table(self):
        lines = ["| promise | | checked, how often | |", "|---|---|---|---|"]
        for promise, title in PROMISES.items():
            counts = self.checked[promise]
            done = "; ".join(f"{what} {count:,}" for what, count in counts.items()) or "not observed in this run"
            notes = "".join(f". {note}" for note in self.notes[promise])
            broken = self.broken[promise]
            verdict = f"BROKEN ({len(broken)}): {broken[0][1]}" if broken else "held" if counts else "not observed"
            lines.append(f"| {promise} | {title} | {done}{notes} | {verdict.replace('|', '/')} |")
        return lines
