"""What was measured, for people: medians, quartiles of the ratios paired by round, what was to be reached; a page
and a plot for docs/."""
import os
import platform
import statistics

import peers


def quartiles(values):
    if len(values) == 1:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def ratios(values, subject, against):
    return [a / b for a, b in zip(values[subject], values[against])]


def verdicts(row, values):
    """(what is compared, quartiles of it, the bound, whether the median keeps it), one for each bound."""
    found = []
    for bound in row.bounds:
        measured = ratios(values, bound.subject, bound.against) if bound.against else values[bound.subject]
        low, middle, high = quartiles(measured)
        what = f"{bound.subject} / {bound.against}" if bound.against else bound.subject
        found.append((what, (low, middle, high), bound.most, middle <= bound.most))
    return found


def table(rows, results):
    lines = []
    for key, values in results.items():
        row = rows[key]
        lines += [f"### {row.title}", "", f"| {row.unit} | median | quartiles | berth to it, paired by round |",
                  "|---|---:|---|---|"]
        subject = row.bounds[0].subject
        for name, measured in values.items():
            low, middle, high = quartiles(measured)
            beside = ""
            if name != subject and not name.endswith("p99"):
                a, b, c = quartiles(ratios(values, subject, name))
                beside = f"{b:.2f} ({a:.2f} to {c:.2f})"
            lines.append(f"| {name} | {middle:.2f} | {low:.2f} to {high:.2f} | {beside} |")
        lines.append("")
        for what, (low, middle, high), most, kept in verdicts(row, values):
            lines.append(f"- {what}: **{middle:.2f}** ({low:.2f} to {high:.2f}), to reach ≤ {most:g}: "
                         f"{'reached' if kept else '**missed**'}")
        lines.append("")
    return lines


def congestion_control():
    with open("/proc/sys/net/ipv4/tcp_congestion_control") as file:
        return file.read().strip()


def machine(build, seconds, rounds):
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    system = next((line.partition("=")[2].strip().strip('"') for line in open("/etc/os-release")
                   if line.startswith("PRETTY_NAME")), "?")
    lines = [f"- {model}, {os.cpu_count()} cores; {platform.system()} {platform.release()}, {system}",
             f"- {rounds} rounds; {seconds:g} s for each measurement; every proxy has one thread, on a core of its own; "
             "load and backend share the other",
             f"- the system's TCP congestion control: {congestion_control()}; berth takes reno on the loopback"]
    return lines + [f"- {name}: {peers.version(name, build)}" for name in ["berth", *peers.PROGRAMS]]


def page(rows, results, settings, hot, where):
    text = ["# What berth costs", "",
            "Made by `./dev bench --write`. CPU time is that of the proxy's whole process tree (schedstat). All peers are "
            "measured in turn in every round, and ratios are taken within a round, because a machine's speed drifts. "
            "The relay passes bytes and reads none of them: the floor.", ""] + where
    text += ["", "![CPU a request, beside the relay](benchmarks.svg)", ""] + table(rows, results) + hot
    text += ["## Settings", ""]
    for name, file in settings.items():
        if file:
            text += [f"{name}:", "", "```", file.rstrip().replace("\t", "  "), "```", ""]
    return "\n".join(text).rstrip() + "\n"


COLOURS = {"berth": "#1f6feb", "relay": "#8b949e", "splice relay": "#8b949e"}


def plot(rows, results):
    """One bar for each peer and row: its median, as a share of the dearest but Caddy, which would dwarf the rest."""
    width, bar, left = 760, 16, 150
    y, shapes = 34, []
    for key, values in results.items():
        if rows[key].kind != "cpu" or len(values) < 3:
            continue
        medians = {name: statistics.median(v) for name, v in values.items()}
        most = max(v for name, v in medians.items() if name != "Caddy")
        shapes.append(f'<text x="10" y="{y}" font-weight="bold">{rows[key].title}, {rows[key].unit}</text>')
        for name, value in medians.items():
            y += bar + 4
            length = min(value / most, 1.12) * (width - left - 130)
            shapes.append(f'<text x="{left - 8}" y="{y}" text-anchor="end">{name}</text>'
                          f'<rect x="{left}" y="{y - 12}" width="{length:.0f}" height="{bar}" '
                          f'fill="{COLOURS.get(name.partition(",")[0], "#d0a000")}"/>'
                          f'<text x="{left + length + 6:.0f}" y="{y}">{value:.1f}</text>')
        y += 36
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" font-family="sans-serif" font-size="13">'
            f'<rect width="{width}" height="{y}" fill="#ffffff"/>' + "".join(shapes) + "</svg>\n")
