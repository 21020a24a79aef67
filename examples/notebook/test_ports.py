"""Who listens on a port of this machine, and the wait until nobody does."""
import os
import socket
import unittest
from unittest import mock

import test_berth_notebook  # noqa: F401  (it makes the module importable)
import berth_notebook
from berth_notebook import ports


class Ports(unittest.TestCase):
    def listener(self, host="127.0.0.1", reuse=1):
        sock = socket.create_server((host, 0))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        self.addCleanup(sock.close)
        return sock, sock.getsockname()[1]

    def test_a_listener_holds_exactly_its_own_host_and_the_wildcard(self):
        _, port = self.listener("127.0.0.2")
        self.assertEqual("held", ports.probe("127.0.0.2", port))
        self.assertEqual("held", ports.probe("0.0.0.0", port))
        self.assertEqual("free", ports.probe("127.0.0.1", port))

    def test_what_a_server_leaves_in_time_wait_is_no_listener(self):
        sock, port = self.listener()
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = sock.accept()
        served.close()  # the first to close keeps TIME_WAIT
        client.recv(1)
        client.close()
        self.assertEqual("held", ports.probe("127.0.0.1", port))
        sock.close()
        self.assertEqual("leftovers", ports.wait_released("127.0.0.1", port, 5))

    def test_bound_without_listening_is_held_and_its_holder_named(self):
        for reuse in (0, 1):
            with self.subTest(reuse=reuse), ports.stream_socket("127.0.0.1") as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
                sock.bind(("127.0.0.1", 0))
                port = sock.getsockname()[1]
                self.assertEqual("held", ports.probe("127.0.0.1", port))
                with self.assertRaises(berth_notebook.NotReleased) as raised:
                    ports.wait_released("127.0.0.1", port, 0.05)
                # Only newer kernels list such sockets.
                named = [one["pid"] for one in raised.exception.holders] == [os.getpid()]
                self.assertTrue(named or "does not listen" in str(raised.exception))
                sock.close()
                self.assertEqual("free", ports.wait_released("127.0.0.1", port, 5))

    def test_a_port_that_is_never_released_names_its_holder_with_and_without_the_command(self):
        _, port = self.listener()
        for path in (os.environ.get("PATH", ""), "/nowhere"):
            with mock.patch.dict(os.environ, PATH=path):
                with self.assertRaises(berth_notebook.NotReleased) as raised:
                    ports.wait_released("127.0.0.1", port, 0.05)
            self.assertIn(str(os.getpid()), str(raised.exception))
            self.assertEqual([os.getpid()], [one["pid"] for one in raised.exception.holders])
            self.assertEqual(f"127.0.0.1:{port}", raised.exception.holders[0]["address"])

    def test_a_port_that_is_released_while_it_is_waited_for(self):
        sock, port = self.listener()
        probe = ports.probe

        def closing(host, number):
            state = probe(host, number)
            sock.close()
            return state
        with mock.patch.object(ports, "probe", closing):
            self.assertEqual("free", ports.wait_released("127.0.0.1", port, 5))


if __name__ == "__main__":
    unittest.main()
