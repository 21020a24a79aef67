"""The report page of `berth load` as headless Chromium shows it: report_page_browser.py SAMPLE_REPORT_PAGES.
The samples are held to docs/load.schema.json, so that what is shown is what is written.

Chromium is asked over its pipe (--remote-debugging-pipe): file descriptors 3 and 4, a zero byte after each message.
"""
import fcntl
import json
import os
import subprocess
import sys
import tempfile
import unittest

import jsonschema

CHROMIUM = "/usr/bin/chromium"
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/load.schema.json")
PHONE, DESK = 360, 1280
PAGES = ("good", "failing", "empty", "second", "hour", "compare")


class Browser:
    """One Chromium with one page, which says all that it does: errors, what it asks for, what it logs."""

    def __init__(self, profile):
        down, up = os.pipe(), os.pipe()
        # Away from 3 and 4, which they become in the browser.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (down[0], up[1])]
        to_numbers = f"exec {CHROMIUM} \"$@\" 3<&{ends[0]} 4>&{ends[1]} {ends[0]}<&- {ends[1]}>&-"
        self.process = subprocess.Popen(
            ["bash", "-c", to_numbers, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--hide-scrollbars", f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=ends, stderr=subprocess.DEVNULL)
        for end in (*ends, down[0], up[1]):
            os.close(end)
        self.write, self.read = os.fdopen(down[1], "wb", 0), os.fdopen(up[0], "rb", 0)
        self.rest, self.number, self.events, self.session = b"", 0, [], None
        target = None
        while target is None:  # asked before its page exists, it names none
            targets = self.ask("Target.getTargets")["targetInfos"]
            target = next((each["targetId"] for each in targets if each["type"] == "page"), None)
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(domain + ".enable")

    def message(self):
        while b"\0" not in self.rest:
            got = os.read(self.read.fileno(), 1 << 20)
            if not got:
                raise EOFError("Chromium has gone")
            self.rest += got
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def ask(self, method, **params):
        self.number += 1
        asked = {"id": self.number, "method": method, "params": params}
        if self.session:
            asked["sessionId"] = self.session
        self.write.write(json.dumps(asked).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def open(self, path, width, dark=False):
        """Loads it, and waits until it is drawn."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.events = []
        self.ask("Page.navigate", url="file://" + path)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def value(self, script):
        result = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def number_of(self, selector):
        return self.value(f"document.querySelectorAll({json.dumps(selector)}).length")

    def text_of(self, selector):
        return self.value(f"document.querySelector({json.dumps(selector)})?.textContent")

    def complaints(self):
        """Exceptions, whatever the console was told, and requests for anything but the page itself."""
        found = [event for event in self.events if event["method"] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")]
        asked = [event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return found + [url for url in asked[1:] if not url.startswith("data:")]

    def close(self):
        self.write.close()
        self.read.close()
        self.process.wait(15)


class ReportPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        subprocess.run([sys.argv[1], cls.scratch.name], check=True)
        cls.browser = Browser(os.path.join(cls.scratch.name, "profile"))
        cls.addClassCleanup(cls.browser.close)

    def page(self, name, width=DESK, **how):
        self.browser.open(os.path.join(self.scratch.name, name + ".html"), width, **how)
        with open(os.path.join(self.scratch.name, name + ".json")) as file:
            return json.load(file)

    def marks(self, where="#latency"):
        return self.browser.number_of(where + " .swap-mark"), self.browser.number_of(where + " .swap-mark.failed")

    def test_the_samples_are_reports(self):
        with open(SCHEMA) as file:
            schema = json.load(file)
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for name in ("good", "failing", "empty", "second"):
            with open(os.path.join(self.scratch.name, name + ".json")) as file:
                report = json.load(file)
            self.assertEqual([f"{error.json_path}: {error.message}" for error in validator.iter_errors(report)], [], name)
            for spoilt in ({**report, "more": 1}, {**report, "verdict": "good"}, {key: report[key] for key in report if key != "late"}):
                self.assertFalse(validator.is_valid(spoilt))

    def test_every_page_is_quiet_and_fits_a_phone(self):
        for name in PAGES:
            for width, dark in ((DESK, False), (PHONE, True)) if name != "hour" else ((PHONE, True),):
                with self.subTest(page=name, width=width):
                    self.page(name, width, dark=dark)
                    self.assertEqual(self.browser.complaints(), [])
                    self.assertLessEqual(self.browser.value("document.documentElement.scrollWidth"), width)
                    self.assertTrue(self.browser.text_of("h1"))
                    self.assertEqual(self.browser.number_of(".plot:empty"), 0)
                    # A plot without numbers, or one that reaches out of its box.
                    self.assertNotRegex(self.browser.value("document.getElementById('page').outerHTML"), r"NaN|undefined|Infinity|\[object")
                    self.assertEqual(self.browser.value("[...document.querySelectorAll('.plot svg')].filter(svg => svg.getBoundingClientRect().right > innerWidth).length"), 0)

    def test_a_good_run(self):
        report = self.page("good")
        self.assertEqual(self.browser.text_of("h1"), "30,300 requests, none failed over 50 swaps")
        self.assertIn("The longest time without an answer was 12.3 ms", self.browser.text_of("#verdict"))
        self.assertIn("All 50 swaps were done.", self.browser.text_of("#verdict"))
        self.assertIn("kept", self.browser.text_of(".verdict.kept"))
        self.assertEqual(self.marks(), (50, 0))
        self.assertEqual(self.browser.number_of("#latency .line"), 3)
        self.assertEqual(self.browser.number_of("#distribution .line"), 3)
        self.assertIn("No failures.", self.browser.text_of("#no-failures"))
        self.assertEqual(self.browser.number_of("#failures-by-kind"), 0)
        self.assertEqual(self.browser.number_of("#swap-table tbody tr"), len(report["swaps"]))
        self.assertEqual(self.browser.number_of("#latencies tbody tr"), 3)
        self.assertEqual(self.browser.number_of("#probe, #events, #websockets"), 0)
        self.browser.value("(svg => { const at = svg.getBoundingClientRect(); svg.dispatchEvent(new PointerEvent('pointermove', "
                           "{clientX: at.left + at.width / 2, clientY: at.top + 50})); })(document.querySelector('#latency svg'))")
        self.assertRegex(self.browser.text_of("#latency + .readout"), r"^(49–50|50–51) s: 300 requests, p50 0\.4\d+ ms, p99 .* ms, max .* ms$")
        # A mark stands where its swap was: swap 26 of 50 begins in the middle.
        middle = self.browser.value("(m => m[25].x.baseVal.value)(document.querySelectorAll('#latency .swap-mark'))")
        first = self.browser.value("document.querySelector('#latency .swap-mark').x.baseVal.value")
        self.assertAlmostEqual((middle - first) / (DESK - 250), 0.5, delta=0.07)

    def test_a_run_with_failures(self):
        report = self.page("failing")
        failed = sum(report["failures"].values())
        self.assertIn(f"{failed:,} of {report['requests']:,} requests failed", self.browser.text_of("h1"))
        self.assertIn("2 of 8 swaps failed", self.browser.text_of("#verdict"))
        self.assertIn("Bounds were broken: max-failed 0", self.browser.text_of(".verdict.broken"))
        self.assertIn("late for 3.1 %", self.browser.text_of("#late"))
        self.assertEqual(self.marks(), (8, 2))
        self.assertEqual(self.browser.number_of("#latency .cross"), 2)
        rows = self.browser.value("[...document.querySelectorAll('#failures-by-kind tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))")
        self.assertEqual({row[0]: int(row[1].replace(",", "")) for row in rows}, report["failures"])
        bars = sum(len(second.get("failures", {})) for second in report["seconds"])
        self.assertEqual(self.browser.number_of("#failures .kind"), bars)
        self.assertEqual(self.browser.number_of(".samples li"), len(report["failure_samples"]))
        self.assertEqual(self.browser.number_of("#bounds tbody tr"), 2)
        self.assertEqual(self.browser.number_of("#probe, #events, #websockets"), 3)
        self.assertIn("</script><!--", self.browser.text_of("#swap-table"))
        self.assertIn("'echo '\\''x'\\'' </dev/null'", self.browser.text_of("#command"))

    def test_a_run_without_requests(self):
        self.page("empty")
        self.assertEqual(self.browser.text_of("h1"), "No request was sent")
        self.assertEqual(self.browser.number_of(".plot"), 0)
        self.assertTrue(self.browser.text_of("#no-failures"))

    def test_a_second_and_an_hour(self):
        self.page("second")
        self.assertEqual(self.marks(), (1, 0))
        self.page("hour")
        self.assertEqual(self.marks(), (2000, 0))
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.number_of("#latency .swap-band"), 0)
        self.assertFalse(self.browser.value("document.querySelector('#swap-table').closest('details').open"))

    def test_runs_side_by_side(self):
        both = self.page("compare")
        self.assertEqual(self.browser.text_of("h1"), "behind berth.json and alone.json")
        heads = self.browser.value("[...document.querySelectorAll('#compared thead th')].map(head => head.textContent)")
        self.assertEqual(heads, ["", "behind berth.json", "alone.json", "ratio"])
        p99 = [report["latency_ms"]["p99"] for report in both["compare"]]
        row = self.browser.value("[...document.querySelectorAll('#compared tbody tr')].map(row => [...row.cells].map(cell => cell.textContent)).find(row => row[0] === 'p99')")
        self.assertEqual(row[3], f"{p99[1] / p99[0]:.2f} ×")
        self.assertEqual([self.marks("#latency-0"), self.marks("#latency-1")], [(50, 0), (8, 2)])
        texts = "[...document.querySelectorAll('#latency-%d text:not(.name):not(.limit-name)')].map(text => text.textContent).filter(text => !/gap/.test(text)).join()"
        self.assertEqual(self.browser.value(texts % 0), self.browser.value(texts % 1), "the scales differ")

    def test_on_paper(self):
        self.page("good")
        self.browser.ask("Page.printToPDF")
        self.page("good")
        self.browser.value("dispatchEvent(new Event('beforeprint'))")
        self.assertTrue(self.browser.value("document.querySelector('#swap-table').closest('details').open"))
        self.browser.value("dispatchEvent(new Event('afterprint'))")
        self.assertFalse(self.browser.value("document.querySelector('#swap-table').closest('details').open"))
        self.assertEqual(self.browser.complaints(), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
