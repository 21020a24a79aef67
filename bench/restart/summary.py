"""What the blocks of one front come to, the bounds, and the tables for people."""
import statistics

MOST_RATIO = 1.5  # of p99.9 around restarts to that of the steady state


def add(counts):
    total = {}
    for count in counts:
        for key, value in count.items():
            total[key] = total.get(key, 0) + value
    return total


def spread(values):
    return statistics.median(values), min(values), max(values)


class Summary:
    """Counts are sums over the blocks; a latency is the blocks' median, with the least and the most; ratios are taken within a
    block, because a machine's speed drifts."""

    def __init__(self, name, reports):
        self.name, self.blocks = name, len(reports)
        restarts = [restart for report in reports for restart in report["swaps"]]
        self.restarts = len(restarts)
        self.broken = [restart["message"] for restart in restarts if not restart["ok"]]
        self.requests = sum(report["requests"] for report in reports)
        self.failures = {kind: n for kind, n in add(report["failures"] for report in reports).items() if n}
        self.failed = sum(self.failures.values())
        self.samples = [line for report in reports for line in report["failure_samples"]]
        self.kinds = add({kind["kind"]: kind["failed"] for kind in report["kinds"]} for report in reports)
        self.keepalive_closed = sum(report["keepalive_closed"] for report in reports)
        self.unsent = sum(report["unsent"] for report in reports)
        self.probe = add({key: report["probe"][key] for key in ("connected", "refused", "failed")} for report in reports)
        self.gap = spread([report["longest_gap_ms"] for report in reports])
        self.steady = spread([report["steady_ms"]["p99.9"] for report in reports])
        self.around = spread([report["around_swaps_ms"]["p99.9"] for report in reports])
        self.ratio = spread([report["around_swaps_ms"]["p99.9"] / max(report["steady_ms"]["p99.9"], 0.001)
                             for report in reports])
        self.events = add({key: report["events"][key] for key in ("received", "gaps", "repeats", "reconnects")}
                          for report in reports)
        self.websockets = add({key: report["websockets"][key] for key in ("echoed", "wrong", "reconnects")}
                              for report in reports)
        self.closes = add(report["websockets"]["closes"] for report in reports)
        self.took = spread([restart["end_s"] - restart["begin_s"] for restart in restarts] or [0])
        self.late = spread([100 * report["late"]["share"] for report in reports])
        self.latest = max(report["late"]["worst_ms"] for report in reports)

    def bounds(self):
        """(what, its value, the most, whether it was kept)"""
        found = [("failed requests", self.failed, 0), ("keep-alive connections closed untold", self.keepalive_closed, 0),
                 ("p99.9 around restarts / steady", self.ratio[0], MOST_RATIO)]
        return [(what, value, most, value <= most) for what, value, most in found]


def number(value):
    return f"{value:,}" if isinstance(value, int) else f"{value:.2f}"


def kinds(counts):
    return ", ".join(f"{n:,} {kind}" for kind, n in counts.items()) if counts else "0"


def codes(counts):
    return ", ".join(f"{code} × {n:,}" for code, n in sorted(counts.items())) if counts else "none"


def between(values):
    return f"{values[0]:.2f} ({values[1]:.2f} to {values[2]:.2f})"


def seen(summaries):
    """Requests and connections."""
    lines = ["| behind | restarts | requests | failed | keep-alive closed untold | connects refused | longest gap, ms |",
             "|---|---:|---:|---|---:|---:|---|"]
    for each in summaries:
        restarts = f"{each.restarts}" + (f", {len(each.broken)} broke off" if each.broken else "")
        requests = f"{each.requests:,}" + (f", {each.unsent:,} more were due" if each.unsent else "")
        lines.append(f"| {each.name} | {restarts} | {requests} | {kinds(each.failures)} | {each.keepalive_closed:,} | "
                     f"{each.probe['refused']:,} of {each.probe['connected'] + each.probe['refused']:,} | {between(each.gap)} |")
    return lines


def latencies(summaries):
    lines = ["| behind | p99.9 around restarts, ms | p99.9 steady, ms | ratio within a block | a restart takes, s | "
             "generator late, % |",
             "|---|---|---|---|---|---|"]
    for each in summaries:
        lines.append(f"| {each.name} | {between(each.around)} | {between(each.steady)} | {between(each.ratio)} | "
                     f"{between(each.took)} | {between(each.late)} |")
    return lines


def streams(summaries):
    lines = ["| behind | events | missed | repeated | streams opened again | WebSocket messages echoed | close codes |",
             "|---|---:|---:|---:|---:|---:|---|"]
    for each in summaries:
        lines.append(f"| {each.name} | {each.events['received']:,} | {each.events['gaps']:,} | {each.events['repeats']:,} | "
                     f"{each.events['reconnects']:,} | {each.websockets['echoed']:,} | {codes(each.closes)} |")
    return lines


def verdicts(summary):
    return [f"- {summary.name}, {what}: **{number(value)}**, to reach ≤ {number(most)}: {'reached' if kept else '**missed**'}"
            for what, value, most, kept in summary.bounds()]


def tables(summaries):
    lines = seen(summaries) + [""] + latencies(summaries) + [""] + streams(summaries) + [""]
    for each in summaries:
        if each.name == "berth":
            lines += verdicts(each) + [""]
        for message in sorted(set(each.broken)):
            lines.append(f"- {each.name}: {each.broken.count(message)} restarts broke off: {message}")
    return lines
