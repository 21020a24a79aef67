"""The module against a berth that is played here: its own servers, threads and ports are real."""
import http.server
import importlib.util
import json
import os
import socket
import socketserver
import sys
import tempfile
import threading
import unittest
import urllib.request
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import berth_notebook  # noqa: E402
from berth_notebook import control, ports, threads  # noqa: E402


class PlayedBerth(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """One app; takes what answers below 500, or says what it was told to say."""
    daemon_threads = True

    def __init__(self, path):
        self.calls, self.serving, self.instead, self.dir = [], None, None, "/"
        super().__init__(path, _PlayedApi)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()
        os.unlink(self.server_address)


class _PlayedApi(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def address_string(self):
        return ""

    def _say(self, lines, status=200):
        self.send_response(status)
        self.end_headers()
        self.wfile.write("".join(json.dumps(line) + "\n" for line in lines).encode())

    def do_GET(self):
        up = [{"endpoint": self.server.serving, "state": "serving"}] if self.server.serving else []
        self._say([{"dir": self.server.dir, "apps": [{"name": "app", "addresses": ["127.0.0.1:1"], "generations": up}]}])

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        verb = self.path.rpartition("/")[2]
        self.server.calls.append(verb)
        if verb == "cancel":
            return self._say([{"detail": "no swap runs"}], 409)
        result = {"event": "result", "exit_code": 0, "result": "done", "reason": ""}
        if self.server.instead:
            result = self.server.instead(body)
        elif verb == "attach":
            urllib.request.urlopen(f"http://{body['to']}/").read()
        if verb == "detach" and body.get("only") not in (None, self.server.serving):
            result = {"event": "result", "exit_code": 1, "result": "refused", "reason": "another one is attached"}
        if result is None:
            return self._say([{"event": "phase"}])
        if result["exit_code"] != 1:
            self.server.serving = body.get("to")
        return self._say([{"event": "phase"}, result])


def wsgi(text):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [text.encode()]
    return app


def asgi(text, during=None):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        if during and scope["path"] == "/hang":
            during()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text.encode()})
    return app


def asked(address, path="/"):
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return answer.read().decode()


def split(address):
    host, _, port = address.rpartition(":")
    return host, int(port)


class WithBerth(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.berth = PlayedBerth(os.path.join(scratch.name, "c.sock"))
        environment = mock.patch.dict(os.environ, BERTH_CONTROL=self.berth.server_address)
        environment.start()
        self.addCleanup(environment.stop)
        self.addCleanup(lambda: self.berth and self.berth.end())
        self.addCleanup(self._end_servers)

    def _end_servers(self):
        for server in berth_notebook.servers():
            server.stop()
        self.assertEqual([], [t.name for t in threading.enumerate() if t.name.startswith("berth ")])

    def end_berth(self):
        self.berth.end()
        self.berth = None


class Serving(WithBerth):
    def check_replaced(self, first, second):
        server = berth_notebook.serve(first)
        old = server.address
        self.assertEqual("one", asked(old))
        server = berth_notebook.serve(second)
        self.assertEqual("two", asked(server.address))
        self.assertEqual(server.address, self.berth.serving)
        self.assertEqual(old, server.released[0])
        self.assertIn(ports.probe(*split(old)), ("free", "leftovers"))
        self.assertEqual([server], berth_notebook.servers())

    def test_the_same_call_again_replaces_an_asgi_server_whose_variable_is_gone(self):
        self.check_replaced(asgi("one"), asgi("two"))

    def test_the_same_call_again_replaces_a_wsgi_server(self):
        self.check_replaced(wsgi("one"), wsgi("two"))

    def test_without_werkzeug_the_standard_library_serves(self):
        with mock.patch.dict(sys.modules, {"werkzeug": None}):
            self.check_replaced(wsgi("one"), wsgi("two"))

    def test_a_with_block_serves_and_lets_go(self):
        with berth_notebook.Server(asgi("one")) as server:
            self.assertRaises(RuntimeError, server.start)
            address = server.address
            self.assertEqual("one", asked(address))
        self.assertEqual(["attach", "detach"], self.berth.calls)
        self.assertFalse(server.running)
        self.assertNotEqual("held", ports.probe(*split(address)))

    def test_a_stop_lets_go_of_its_own_server_and_of_no_other(self):
        server = berth_notebook.serve(asgi("one"))
        address, self.berth.serving = server.address, "127.0.0.1:9"
        server.stop()
        self.assertEqual(["attach"], self.berth.calls)
        self.assertEqual("127.0.0.1:9", self.berth.serving)
        self.assertNotEqual("held", ports.probe(*split(address)))

    def test_one_that_is_attached_while_stop_asks_stays(self):
        server = berth_notebook.serve(asgi("one"))
        look = control.Berth.generation

        def overtaken(berth, app, address):
            state = look(berth, app, address)
            self.berth.serving = "127.0.0.1:9"
            return state
        with mock.patch.object(control.Berth, "generation", overtaken):
            server.stop()
        self.assertEqual(["attach", "detach"], self.berth.calls)
        self.assertEqual("127.0.0.1:9", self.berth.serving)
        self.assertFalse(server.running)

    def test_a_reload_of_the_module_keeps_what_runs(self):
        import importlib
        server = berth_notebook.serve(asgi("one"))
        importlib.reload(berth_notebook)
        self.assertEqual([server], berth_notebook.servers())

    def test_the_source_is_served_after_an_edit_of_the_same_second_and_size(self):
        sys.path.insert(0, self.scratch)
        self.addCleanup(sys.path.remove, self.scratch)
        os.mkdir(os.path.join(self.scratch, "edited_package"))
        for module in ("edited_at_once", "edited_package", "edited_package.inner"):
            path = module.replace(".", "/")
            path += "/__init__.py" if os.path.isdir(os.path.join(self.scratch, path)) else ".py"
            source = os.path.join(self.scratch, path)
            with self.subTest(module), mock.patch.object(sys, "dont_write_bytecode", False):
                for text in ("first", "other"):
                    with open(source, "w") as file:
                        file.write("def app(environ, start_response):\n    start_response('200 OK', [])\n"
                                   f"    return [b'{text}']\n")
                    os.utime(source, (1_700_000_000, 1_700_000_000))
                    if text == "first":  # what an ordinary import leaves behind
                        __import__(module)
                        self.assertTrue(os.path.exists(importlib.util.cache_from_source(source)))
                    self.assertEqual(text, asked(berth_notebook.serve(module + ":app").address))
            self.assertIs(sys.modules[module], importlib.import_module(module))
        import edited_package
        self.assertIs(edited_package.inner, sys.modules["edited_package.inner"])

    def test_a_named_module_is_imported_anew(self):
        sys.path.insert(0, self.scratch)
        self.addCleanup(sys.path.remove, self.scratch)
        source = os.path.join(self.scratch, "edited_app.py")
        for text in ("first", "and second"):
            with open(source, "w") as file:
                file.write("def app(environ, start_response):\n    start_response('200 OK', [])\n"
                           f"    return [b'{text}']\n")
            self.assertEqual(text, asked(berth_notebook.serve("edited_app:app").address))
        with open(source, "w") as file:
            file.write("this is not Python, and longer than before, so that it is compiled again ..............\n")
        with self.assertRaisesRegex(berth_notebook.StartFailed, "edited_app:app failed: SyntaxError.*serves on"):
            berth_notebook.serve("edited_app:app")
        self.assertEqual("and second", asked(self.berth.serving))


class Failing(WithBerth):
    def setUp(self):
        super().setUp()
        self.server = berth_notebook.serve(asgi("one"))

    def check_serves_on(self, app, error, text, **options):
        with self.assertRaisesRegex(error, text):
            berth_notebook.serve(app, **options)
        self.assertEqual("one", asked(self.server.address))
        self.assertEqual(self.server.address, self.berth.serving)
        self.assertEqual([self.server], berth_notebook.servers())
        alive = [t.name for t in threading.enumerate() if t.name.startswith("berth ")]
        self.assertEqual(["berth " + self.server.address], alive)

    def test_an_app_whose_startup_fails(self):
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "no database here"})
        self.check_serves_on(app, berth_notebook.StartFailed, "no database here.*serves on")

    def test_an_app_whose_startup_takes_too_long(self):
        never = threading.Event()
        self.addCleanup(never.set)

        async def app(scope, receive, send):
            if not never.is_set():
                await receive()
                await __import__("asyncio").get_running_loop().run_in_executor(None, never.wait, 2)
        with self.assertRaisesRegex(berth_notebook.StartFailed, "not started within 0.1 s.*serves on"):
            berth_notebook.serve(app, start_timeout=0.1)
        self.assertEqual("one", asked(self.server.address))

    def test_a_host_that_this_machine_does_not_have_says_what_to_do(self):
        for host, text in (("10.9.9.9", "nobody can listen on 10.9.9.9 here.*leave host out.*serves on"),
                           ("2001:db8::1", "nobody can listen on 2001:db8::1 here.*leave host out"),
                           ("example.test", "an IP address of this machine.*'example.test'"),
                           ("", "an IP address of this machine"), (8000, "an IP address of this machine.*8000"),
                           ("127.0.0.1:80", "an IP address of this machine")):
            with self.subTest(host):
                self.check_serves_on(asgi("two"), berth_notebook.StartFailed, text, host=host)
        self.assertRaisesRegex(berth_notebook.BerthError, "nobody can listen", ports.probe, "10.9.9.9", 80)

    def test_localhost_and_a_mapped_address_are_the_loopback(self):
        for host in ("localhost", "a.LocalHost.", "::ffff:127.0.0.1"):
            with self.subTest(host):
                server = berth_notebook.serve(asgi("two"), host=host)
                self.assertTrue(server.address.startswith("127.0.0.1:"))
                self.assertEqual("held", ports.probe(host, split(server.address)[1]))

    def test_a_berth_that_breaks_off_while_it_is_asked(self):
        with mock.patch.object(control.Berth, "status", side_effect=ConnectionResetError("reset")):
            self.check_serves_on(asgi("two"), berth_notebook.NoBerth, "does not answer: reset")

    def test_what_is_no_app(self):
        self.check_serves_on(lambda: None, berth_notebook.StartFailed, "say kind=")

    def test_an_asgi_app_without_uvicorn(self):
        with mock.patch.dict(sys.modules, {"uvicorn": None}):
            self.check_serves_on(asgi("two"), berth_notebook.StartFailed, "pip install uvicorn")

    def test_a_server_that_berth_does_not_take(self):
        self.berth.instead = lambda _: {"event": "result", "exit_code": 1, "result": "failed",
                                        "reason": "GET / answers 500", "report": {"hint": "look at its log"}}
        self.check_serves_on(asgi("two"), berth_notebook.StartFailed, r"answers 500 \(look at its log\)")
        self.berth.instead = None

    def test_an_answer_that_breaks_off_before_the_switch(self):
        self.berth.instead = lambda _: None
        self.check_serves_on(asgi("two"), berth_notebook.StartFailed, "before the attach was over")
        self.assertIn("cancel", self.berth.calls)
        self.berth.instead = None

    def test_an_answer_that_breaks_off_behind_the_switch_counts(self):
        def switch(body):
            self.berth.serving = body["to"]
        self.berth.instead = switch
        server = berth_notebook.serve(asgi("two"))
        self.berth.instead = None
        self.assertEqual("two", asked(self.berth.serving))
        self.assertEqual([server], berth_notebook.servers())

    def test_a_berth_that_has_ended(self):
        self.end_berth()
        with self.assertRaisesRegex(berth_notebook.NoBerth, "BERTH_CONTROL.*berth run .*--external attach"):
            berth_notebook.serve(asgi("two"))
        self.assertEqual("one", asked(self.server.address))

    def test_an_app_that_berth_does_not_have(self):
        self.check_serves_on(asgi("two"), berth_notebook.NoBerth, "no app 'web'.* app", name="web")

    def test_a_server_that_refuses_to_end(self):
        entered, leave = threading.Event(), threading.Event()

        def hang():
            entered.set()
            leave.wait(60)
        stuck = berth_notebook.serve(asgi("stuck", hang))
        asker = threading.Thread(target=_ignore_errors, args=(asked, stuck.address, "/hang"))
        asker.start()
        self.assertTrue(entered.wait(10))
        with self.assertRaisesRegex(berth_notebook.StopFailed, r"has not ended within 0.2 s.*wait") as raised:
            berth_notebook.serve(asgi("two"), stop_timeout=0.2)
        self.assertEqual("two", asked(self.berth.serving))
        leave.set()
        self.assertIn(raised.exception.thread.stop(10, 10), ("free", "leftovers"))
        asker.join(10)

    def test_a_port_that_somebody_still_holds(self):
        held = threads.ServerThread(wsgi("one"), "wsgi", "127.0.0.1", {}, 10)
        copy = os.dup(held._server._server.socket.fileno())
        self.addCleanup(os.close, copy)
        with self.assertRaisesRegex(berth_notebook.NotReleased, f"{held.address} is still held.*{os.getpid()}"):
            held.stop(5, 0.1)


def _ignore_errors(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        pass


class Found(unittest.TestCase):
    def test_no_berth_says_how_to_start_one(self):
        with tempfile.TemporaryDirectory() as scratch, \
                mock.patch.dict(os.environ, XDG_RUNTIME_DIR=scratch, BERTH_CONTROL=os.path.join(scratch, "x")):
            with self.assertRaisesRegex(berth_notebook.NoBerth, "berth run"):
                control.find_berth()

    def test_the_only_berth_in_the_runtime_directory_is_found(self):
        with tempfile.TemporaryDirectory() as scratch, mock.patch.dict(os.environ, XDG_RUNTIME_DIR=scratch), \
                mock.patch.object(os, "listdir", lambda at: ["one.sock"] if at.startswith(scratch) else []):
            os.environ.pop("BERTH_CONTROL", None)
            os.mkdir(os.path.join(scratch, "berth"), 0o700)
            berth = PlayedBerth(os.path.join(scratch, "berth", "one.sock"))
            self.assertEqual(berth.server_address, control.find_berth().path)
            berth.end()

    def test_the_kind_is_seen_from_the_signature(self):
        class Framework:
            async def __call__(self, scope, receive, send):
                pass
        self.assertEqual("asgi", threads.kind_of(Framework()))
        self.assertEqual("asgi", threads.kind_of(asgi("")))
        self.assertEqual("wsgi", threads.kind_of(wsgi("")))


if __name__ == "__main__":
    unittest.main()
