"""The sums, medians and verdicts of summary.py, from reports made here."""
import unittest

from summary import Summary, seen, verdicts


def latency(p999):
    return {"p99.9": p999}


def report(**changes):
    plain = {"requests": 1000, "failures": {"refused": 0, "reset": 0}, "failure_samples": [], "keepalive_closed": 0, "unsent": 0,
             "kinds": [{"kind": "get", "failed": 0}], "probe": {"connected": 900, "refused": 0, "failed": 0},
             "longest_gap_ms": 3.0, "steady_ms": latency(2.0), "around_swaps_ms": latency(2.5),
             "events": {"received": 10, "gaps": 0, "repeats": 0, "reconnects": 4},
             "websockets": {"echoed": 5, "wrong": 0, "reconnects": 4, "closes": {"1012": 4}},
             "swaps": [{"begin_s": 1.0, "end_s": 3.0, "ok": True, "message": ""}], "late": {"share": 0.01, "worst_ms": 2.0}}
    return plain | changes


class SummaryTest(unittest.TestCase):
    def test_counts_are_sums_and_latencies_medians(self):
        one = report(failures={"refused": 2, "reset": 1}, longest_gap_ms=40.0, around_swaps_ms=latency(8.0))
        summary = Summary("alone", [one, report(), report(steady_ms=latency(5.0))])
        self.assertEqual((summary.requests, summary.restarts, summary.failed), (3000, 3, 3))
        self.assertEqual(summary.failures, {"refused": 2, "reset": 1})
        self.assertEqual(summary.gap, (3.0, 3.0, 40.0))
        self.assertEqual(summary.around, (2.5, 2.5, 8.0))
        self.assertEqual(summary.ratio, (1.25, 0.5, 4.0))  # of each block, not of the medians
        self.assertEqual(summary.closes, {"1012": 12})
        self.assertIn("2 refused, 1 reset", seen([summary])[-1])

    def test_bounds_are_kept_or_missed(self):
        self.assertTrue(all(kept for *_, kept in Summary("berth", [report()]).bounds()))
        for change in ({"failures": {"reset": 1}}, {"keepalive_closed": 1}, {"around_swaps_ms": latency(3.1)}):
            summary = Summary("berth", [report(**change)])
            self.assertEqual([kept for *_, kept in summary.bounds()].count(False), 1, change)
            self.assertEqual("\n".join(verdicts(summary)).count("**missed**"), 1, change)

    def test_a_restart_that_broke_off_is_told(self):
        broken = {"begin_s": 1.0, "end_s": 2.0, "ok": False, "message": "in vain"}
        summary = Summary("Caddy", [report(swaps=[broken])])
        self.assertEqual(summary.broken, ["in vain"])
        self.assertIn("1, 1 broke off", seen([summary])[-1])


if __name__ == "__main__":
    unittest.main()
