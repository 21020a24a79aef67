// Popular servers behind berth, each in every way in which it takes its place, swapped twenty times under
// users.
#include <doctest/doctest.h>

#include "tests/e2e/swap_checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/temp_dir.h"

using namespace berth::test;

namespace {

Command gunicorn(const Command& bind) {
  Command command{"/usr/bin/gunicorn", "--chdir",   app_path(""), "--worker-class",
                  "gthread",           "--threads", "4"};
  command.insert(command.end(), bind.begin(), bind.end());
  command.emplace_back("wsgi_app:app");
  return command;
}

// Puma 5.6, Debian 12's, misreads one chunked request in some thousands, with and without a proxy before it:
// its users, and those of rails on it, send a length.
Command puma(const Command& bind) {
  Command command{"/usr/bin/puma", app_path("config.ru")};
  command.insert(command.end(), bind.begin(), bind.end());
  return command;
}

Command jupyter(const Command& place) {
  Command command{"/usr/bin/jupyter", "server", "--allow-root", "--no-browser", "--ServerApp.token="};
  command.insert(command.end(), place.begin(), place.end());
  return command;
}

}  // namespace

TEST_CASE("swap: http.server twenty times under load") {
  TempDir pages;
  write_file(pages / "index.html", "a page\n");
  check_twenty_swaps({{"/usr/bin/python3", "-m", "http.server", "{port}", "--bind", "127.0.0.1"},
                      pages.path(),
                      "a page",
                      Posts::None});
}

TEST_CASE("swap: http.server on the user's own number, which nobody has to say twice, under load") {
  TempDir pages;
  write_file(pages / "index.html", "a page\n");
  check_some_swaps({{"/usr/bin/python3", "-m", "http.server"},
                    pages.path(),
                    "a page",
                    Posts::None,
                    {"--port", std::to_string(free_number())}},
                   20);
}

TEST_CASE("swap: Flask's development server twenty times under load") {
  check_twenty_swaps(
      {{"/usr/bin/python3", "-m", "flask", "--app", app_path("flask_app.py"), "run", "--port", "{port}"},
       "/tmp",
       "flask"});
}

TEST_CASE("swap: uvicorn on a lease twenty times under load") {
  check_twenty_swaps(
      {{"/usr/bin/python3", "-m", "uvicorn", "--app-dir", app_path(""), "asgi_app:app", "--port", "{port}"},
       "/tmp",
       "asgi"});
}

TEST_CASE("swap: uvicorn on a port of its own choice is followed twenty times under load") {
  check_twenty_swaps(
      {{"/usr/bin/python3", "-m", "uvicorn", "--app-dir", app_path(""), "asgi_app:app", "--port", "0"},
       "/tmp",
       "asgi"});
}

TEST_CASE("swap: uvicorn on a descriptor twenty times under load") {
  check_twenty_swaps(
      {{"/usr/bin/python3", "-m", "uvicorn", "--app-dir", app_path(""), "asgi_app:app", "--fd", "{fd}"},
       "/tmp",
       "asgi"});
}

TEST_CASE("swap: uvicorn on a unix socket twenty times under load") {
  check_twenty_swaps(
      {{"/usr/bin/python3", "-m", "uvicorn", "--app-dir", app_path(""), "asgi_app:app", "--uds", "{socket}"},
       "/tmp",
       "asgi"});
}

TEST_CASE("swap: gunicorn on a lease twenty times under load") {
  check_twenty_swaps({gunicorn({"--bind", "127.0.0.1:{port}"}), "/tmp", "wsgi"});
}

TEST_CASE("swap: gunicorn on a descriptor by LISTEN_FDS twenty times under load") {
  check_twenty_swaps({gunicorn({}), "/tmp", "wsgi", Posts::Every, {"--port", "fd"}});
}

TEST_CASE("swap: gunicorn on a unix socket twenty times under load") {
  check_twenty_swaps({gunicorn({"--bind", "unix:{socket}"}), "/tmp", "wsgi"});
}

TEST_CASE("swap: Node's http on a descriptor twenty times under load") {
  check_twenty_swaps({{"node", app_path("node_app.mjs"), "fd={fd}"}, "/tmp", "node"});
}

TEST_CASE("swap: Node's http on a unix socket twenty times under load") {
  check_twenty_swaps({{"node", app_path("node_app.mjs"), "path={socket}"}, "/tmp", "node"});
}

TEST_CASE("swap: Node's http twenty times under load") {
  check_twenty_swaps({{"node", app_path("node_app.mjs")}, "/tmp", "node"});
}

TEST_CASE("swap: puma on a lease twenty times under load") {
  check_twenty_swaps({puma({"-b", "tcp://127.0.0.1:{port}"}), "/tmp", "rack", Posts::WithLength});
}

TEST_CASE("swap: puma on a unix socket under load") {
  check_some_swaps({puma({"-b", "unix://{socket}"}), "/tmp", "rack", Posts::WithLength});
}

TEST_CASE("swap: puma on a descriptor by LISTEN_FDS under load") {
  check_some_swaps(
      {puma({"--bind-to-activated-sockets", "only"}), "/tmp", "rack", Posts::WithLength, {"--port", "fd"}});
}

TEST_CASE("swap: Jupyter's server on a lease twenty times under load") {
  check_twenty_swaps(
      {jupyter({"--port={port}", "--ServerApp.port_retries=0"}), "/tmp", "<!DOCTYPE", Posts::None});
}

TEST_CASE("swap: Jupyter's server on a unix socket under load") {
  check_some_swaps({jupyter({"--ServerApp.sock={socket}"}), "/tmp", "<!DOCTYPE", Posts::None});
}

TEST_CASE("swap: the demo server twenty times under load") {
  check_twenty_swaps({demo(), "/tmp", "<!doctype html>"});
}
