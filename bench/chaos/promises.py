"""The promises that are judged from a whole run: what was delivered where, what failed and whether it was allowed to."""
import collections

import front as fronts
from leftovers import alive
from swaps import STOPPED

# What a client may see of a backend that ended, or that broke this very answer.
LOST = {"http": frozenset(("502", "truncated", "dropped")), "tcp": frozenset(("reset", "dropped"))}
AFTER_DEATH = 0.5  # seconds after a backend's end in which a request may still have been given to it
MOST_GETS = 3  # a first try and two more
LATE = 2  # seconds after a deadline in which its doing must have been seen
LONG = ("events", "socket", "line")


def judge(world):
    lines = world.front.lines()
    deaths = [(world.ledger.marks[mark].app, at) for at, _, mark, word, *_ in lines if word == "dying"]
    for app, at in deaths + world.ledger.killed:
        world.ledger.allow(app, LOST[fronts.APPS[app].mode], "a backend ended", at - 0.05).end = at + AFTER_DEATH
    requests(world.ledger, lines)
    long_connections(world.ledger, lines)
    deliveries(world.ledger, lines)
    stops(world.ledger, lines)


def requests(ledger, lines):
    """P2: what failed, and what it may be put down to. P11: what was broken is not passed off as whole."""
    broke = {rest[0]: rest[1] for _, _, _, word, *rest in lines if word == "broke"}
    excused = collections.Counter()
    for name, request in ledger.requests.items():
        if not request.judged or not request.end:
            continue
        reason = "" if request.outcome == "ok" else excuse(ledger, request, broke.get(name))
        if reason:
            excused[reason] += 1
        facts = f"{name} {request.outcome} after {request.end - request.start:.3f} s: {request.detail}"
        ledger.check("P2", request.outcome == "ok" or reason, "requests", facts, request.end)
        if request.outcome == "refused":
            ledger.check("P1", False, "requests", facts, request.end)
        ledger.check("P9", request.outcome != "no answer in time", "requests that ended in time", facts, request.end)
        ledger.check("P11", request.outcome not in ("wrong body", "another's answer"), "answers compared", facts, request.end)
        if broke.get(name) in ("garbage", "stalled"):
            ledger.check("P11", request.outcome != "ok", "malformed or cut answers not repaired", facts, request.end)
    switches = [at for _, at in ledger.retired]
    across = sum(any(r.start < at < r.end for at in switches) for r in ledger.requests.values() if r.judged)
    ledger.notes["P2"].append(f"{len(switches)} switches, {across} requests under way in one; allowed to fail: "
                              + (", ".join(f"{count} ({why})" for why, count in excused.items()) or "none"))


def excuse(ledger, request, broke):
    """Why this request was allowed to fail so, or nothing."""
    if broke and request.outcome in LOST[fronts.APPS[request.app].mode]:
        return f"its backend {broke}" if broke == "died" else f"its answer was {broke}"
    for window in ledger.windows:
        if (window.app in (None, request.app) and request.outcome in window.outcomes
                and request.start <= window.end and window.start <= request.end):
            return window.why
    return ""


def long_connections(ledger, lines):
    """P2, P5, P9: which of them a retirement has ended, when, and that none has outlived its backend."""
    broke, ended = {rest[0] for _, _, _, word, *rest in lines if word == "broke"}, collections.Counter()
    for name, request in ledger.requests.items():
        mark, _ = ledger.answered_by.get(name, ("", 0))
        if request.kind not in LONG or not mark:
            continue
        app = fronts.APPS[request.app]
        switch = next((at for old, at in ledger.retired if old == mark and request.start < at < request.end + 0.2), None)
        facts = f"{name} at {mark}, {request.end - request.start:.3f} s long: {request.ended or request.outcome}"
        if request.ended:
            ended[f"{request.kind} {request.ended}"] += 1
            swapped = app.swap == "stop-start" and any(  # it retires before it switches
                of == request.app and begun <= request.end <= over + 0.2 for of, begun, over in ledger.swaps)
            in_order = app.long == "cut" and request.ended in ("1012", "behind an event") and (switch or swapped)
            ledger.check("P2", in_order, "long connections ended by a retirement, in order", facts, request.end)
        if switch and app.long == "cut" and request.kind != "line" and name not in broke:
            in_time = request.end - switch < 2 * fronts.LONG_GRACE + LATE or ledger.during(STOPPED, switch, request.end)
            ledger.check("P9", in_time, "long connections cut in time", f"{facts}, {request.end - switch:.1f} s after the switch", request.end)
        for old, gone in ledger.gone:
            if old == mark and request.start < gone:
                outlived = request.end > gone + LATE and not ledger.during(STOPPED, gone, request.end)
                ledger.check("P5", not outlived, "long connections of a retired one, ended with it", facts, request.end)
    ledger.notes["P2"].append("ended early: " + (", ".join(f"{count} ({how})" for how, count in ended.items()) or "none"))


def deliveries(ledger, lines):
    """P3, P4 and P8: which requests reached which backends, when, and how often."""
    times = collections.Counter()
    lives = {}  # pid: its mark, and when it began
    for at, pid, mark, word, *_ in lines:
        if word == "start":
            lives[pid] = (mark, at)
    gone = {pid: min((when for old, when in ledger.retired if old == mark and begun < when), default=float("inf"))
            for pid, (mark, begun) in lives.items()}
    for at, pid, mark, word, *rest in lines:
        if word != "got" or rest[0] not in ledger.requests:
            continue
        name, request = rest[0], ledger.requests[rest[0]]
        times[name] += 1
        ledger.check("P3", not ledger.marks[mark].bad, "deliveries, none to a bad one", f"{name} to {mark}", at)
        ledger.check("P4", request.start < gone.get(pid, float("inf")), "deliveries by generation",
                     f"{name}, begun after the switch, went to {mark} (pid {pid})", at)
        if request.kind == "malformed":
            ledger.check("P11", False, "malformed requests refused", f"{name} was delivered to {mark}", at)
    for name, count in times.items():
        request = ledger.requests[name]
        most = MOST_GETS if request.method == "GET" else 1
        what = {"GET": "GETs", "POST": "POSTs", "TCP": "connections of lines"}.get(request.method, "of clients that misbehave")
        ledger.check("P8", count <= most, what, f"{name} was delivered {count} times", request.end)
    repeated = sum(count > 1 for count in times.values())
    ledger.notes["P8"].append(f"{repeated} GETs tried again")


def stops(ledger, lines):
    """P4: a backend that is told to end has nothing under way, or its drain deadline has passed."""
    broke = {rest[0] for _, _, _, word, *rest in lines if word == "broke"}
    for at, pid, mark, word, *rest in lines:
        if word != "term":
            continue
        busy = [name for name in rest[0].split(",") if name != "-" and name not in broke]
        since = min(ledger.stopping.get(mark, at), *[when for old, when in ledger.retired if old == mark] or [at])
        ledger.check("P4", not busy or at - since > fronts.DRAIN - 0.5, "stops with nothing under way",
                     f"{mark} (pid {pid}) was told to end {at - since:.1f} s after its switch with {','.join(busy)[:200]}", at)


async def limits(world):
    """P9: every limit and deadline is shown; at the end nothing waits."""
    names = ("body_stall", "connect_timeout", "response_timeout", "stream_idle", "upstream_idle", "max_upstream", "hold_timeout",
             "hold_requests", "head_timeout", "idle_timeout", "max_connections", "drain", "ready_timeout", "stop_grace", "max_retiring")
    for app in (await world.front.status())["apps"]:
        missing = [name for name in names if not app["limits"].get(name)]
        world.ledger.check("P9", not missing, "apps with all limits shown", f"{app['name']}: {missing}")
        waiting = {key: app["counters"][key] for key in ("held", "in_flight") if app["counters"][key]}
        world.ledger.check("P9", not waiting and app["state"] == "serving", "apps at rest at the end",
                           f"{app['name']}: {app['state']} {waiting}")


async def reports(world):
    """P12: every swap that was made is among the last fifty reports, with the same outcome; so is every crash."""
    for app in fronts.APPS:
        kept = (await world.front.call("GET", f"/v1/apps/{app}/reports"))["reports"]
        known = {report["id"]: report["outcome"] for report in kept}
        made = [(number, outcome) for of, number, outcome in world.reports if of == app and number and number >= min(known)]
        if world.breaks("lose-report"):
            known.pop(made[-1][0], None)
        for number, outcome in made:
            world.ledger.check("P12", known.get(number) == outcome, "reports read again at the end",
                               f"{app} {number}: {outcome}, now {known.get(number)}")
        crashes = [report for report in kept if report["cause"] == "crash"]
        known_crashes = len(crashes) >= world.crashes[app] or len(kept) == 50
        world.ledger.check("P12", known_crashes, "apps whose crashes have reports", f"{app}: {len(crashes)} of {world.crashes[app]}")
        for report in (report for report in crashes if report["from"]):  # else an earlier start had failed
            told = any(phase["phase"] == "stop" and phase["detail"] for phase in report["phases"])
            world.ledger.check("P5", told, "exit statuses told", f"{app}: {report}"[:600])


def processes(world):
    """P10 and P5, when all is over: every process that a backend wrote down."""
    return [pid for pid in {line[1] for line in world.front.lines()} if alive(pid)]
