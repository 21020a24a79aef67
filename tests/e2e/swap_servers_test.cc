// Popular servers behind berth, each in every way in which it takes its place, swapped twenty times under
// users.
#include <doctest/doctest.h>

#include "tests/e2e/swap_checks.h"
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

}  // namespace

TEST_CASE("swap: http.server twenty times under load") {
  TempDir pages;
  write_file(pages / "index.html", "a page\n");
  check_twenty_swaps({{"/usr/bin/python3", "-m", "http.server", "{port}", "--bind", "127.0.0.1"},
                      pages.path(),
                      "a page",
                      false});
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
  check_twenty_swaps({gunicorn({}), "/tmp", "wsgi", true, {"--port", "fd"}});
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

TEST_CASE("swap: the demo server twenty times under load") {
  check_twenty_swaps({demo(), "/tmp", "<!doctype html>"});
}
