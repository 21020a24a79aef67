"""One process and two berths: whose server is replaced, stopped and found."""
import os
import tempfile
import unittest
from unittest import mock

from test_berth_notebook import PlayedBerth, asked, split, wsgi  # it makes the module importable
import berth_notebook  # noqa: E402
from berth_notebook import ports  # noqa: E402


class TwoBerths(unittest.TestCase):
    """Each in a directory of its own, found from there."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = os.path.realpath(scratch.name)
        environment = mock.patch.dict(os.environ, XDG_RUNTIME_DIR=self.scratch)
        environment.start()
        self.addCleanup(environment.stop)
        os.environ.pop("BERTH_CONTROL", None)
        os.mkdir(os.path.join(self.scratch, "berth"), 0o700)
        self.addCleanup(os.chdir, os.getcwd())
        self.berths = {}
        for name in ("one", "two"):
            os.mkdir(os.path.join(self.scratch, name))
            berth = self.berths[name] = PlayedBerth(os.path.join(self.scratch, "berth", name + ".sock"))
            berth.dir = os.path.join(self.scratch, name)
            self.addCleanup(berth.end)
        # A machine's own berths are not looked at.
        real = os.listdir
        listing = mock.patch.object(os, "listdir", lambda at: real(at) if at.startswith(self.scratch) else [])
        listing.start()
        self.addCleanup(listing.stop)
        self.addCleanup(lambda: [server.stop() for server in berth_notebook.servers()])

    def go(self, name):
        os.chdir(os.path.join(self.scratch, name))

    def test_a_server_of_one_berth_does_not_end_that_of_another(self):
        self.go("one")
        first = berth_notebook.serve(wsgi("first"))
        self.go("two")
        second = berth_notebook.serve(wsgi("second"))
        self.assertEqual("first", asked(self.berths["one"].serving))
        self.assertEqual("second", asked(self.berths["two"].serving))
        self.assertEqual([first, second], berth_notebook.servers())

    def test_one_berth_is_the_same_however_it_was_named(self):
        self.go("one")
        old = berth_notebook.serve(wsgi("first")).address
        path = self.berths["one"].server_address
        link = os.path.join(self.scratch, "link")
        os.symlink(path, link)
        for control in (path, link, os.path.relpath(path)):
            server = berth_notebook.serve(wsgi("next"), control=control)
            self.assertEqual(old, server.released[0])
            self.assertNotEqual("held", ports.probe(*split(old)))
            old = server.address
        self.go("two")
        with mock.patch.dict(os.environ, BERTH_CONTROL=path):
            server = berth_notebook.serve(wsgi("last"))
        self.assertEqual(old, server.released[0])
        self.assertEqual([server], berth_notebook.servers())

    def test_a_server_stays_with_its_berth_when_it_is_restarted_and_stopped_elsewhere(self):
        self.go("one")
        server = berth_notebook.serve(wsgi("first"))
        old = server.address
        self.go("two")
        server.restart()
        self.assertEqual(server.address, self.berths["one"].serving)
        self.assertEqual(old, server.released[0])
        server.stop()
        self.assertEqual(["attach", "attach", "detach"], self.berths["one"].calls)
        self.assertEqual([], self.berths["two"].calls)

    def test_one_whose_berth_has_ended_is_ended_when_another_takes_it(self):
        self.go("one")
        server = berth_notebook.serve(wsgi("first"))
        old = server.address
        os.rename(self.berths["one"].server_address, os.path.join(self.scratch, "gone"))
        self.addCleanup(os.rename, os.path.join(self.scratch, "gone"), self.berths["one"].server_address)
        server.restart()
        self.assertEqual(server.address, self.berths["two"].serving)
        self.assertNotEqual("held", ports.probe(*split(old)))
        self.assertEqual([server], berth_notebook.servers())

    def test_from_a_directory_that_is_gone_the_berths_are_named(self):
        os.mkdir(os.path.join(self.scratch, "gone"))
        self.go("gone")
        os.rmdir(os.path.join(self.scratch, "gone"))
        with self.assertRaisesRegex(berth_notebook.NoBerth, "say which one"):
            berth_notebook.serve(wsgi("first"))


if __name__ == "__main__":
    unittest.main()
