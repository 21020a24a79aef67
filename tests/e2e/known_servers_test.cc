// Known servers by their plain command lines: nobody has to say a port, and the one that is asked for may be
// taken.
#include <doctest/doctest.h>

#include "tests/e2e/app_copy.h"
#include "tests/e2e/known_checks.h"

using namespace berth::test;

TEST_CASE("known servers: uvicorn") {
  check_plain({{"/usr/bin/uvicorn", "--app-dir", app_path(""), "asgi_app:app"},
               {"--port", "TAKEN"},
               "asgi",
               "uvicorn: "});
}

TEST_CASE("known servers: gunicorn") {
  check_plain(
      {{"/usr/bin/gunicorn", "--chdir", app_path(""), "-k", "gthread", "--threads", "4", "wsgi_app:app"},
       {"-b", "127.0.0.1:TAKEN"},
       "wsgi",
       "gunicorn: "});
}

TEST_CASE("known servers: hypercorn") {
  // No POSTs: behind the answer to some GET it closes the connection without a word (_maybe_recycle of its
  // h11.py, where the answer is complete before the request was seen to be), and a POST that meets this must
  // not be sent twice.
  check_plain({{"/usr/bin/python3", "-m", "hypercorn", "asgi_app:app"},
               {"--bind=127.0.0.1:TAKEN"},
               "asgi",
               "hypercorn: ",
               Posts::None,
               app_path("")});
}

TEST_CASE("known servers: Flask") {
  check_plain(
      {{"/usr/bin/flask", "--app", app_path("flask_app.py"), "run"}, {"-p", "TAKEN"}, "flask", "flask: "});
}

TEST_CASE("known servers: http.server") {
  check_plain(
      {{"/usr/bin/python3", "-m", "http.server"}, {"TAKEN"}, "<!DOCTYPE", "http.server: ", Posts::None});
}

TEST_CASE("known servers: puma") {
  check_plain({{"/usr/bin/puma", app_path("config.ru")},
               {"-b", "tcp://127.0.0.1:TAKEN"},
               "rack",
               "puma: ",
               Posts::WithLength});
}

TEST_CASE("known servers: Jupyter's server") {
  check_plain({{"/usr/bin/jupyter", "server", "--allow-root", "--ServerApp.token="},
               {"--port=TAKEN"},
               "<!DOCTYPE",
               "jupyter: ",
               Posts::None});
}

TEST_CASE("known servers: rails, which has a PID file for each generation") {
  const AppCopy app("rails_app");
  check_plain({.command = {"rails", "server"},
               .asking = {"-p", "TAKEN"},
               .greeting = "rails",
               .says = "rails: ",
               .posts = Posts::WithLength,
               .dir = app.dir()},
              1);
  check_plain({.command = {"ruby", "bin/rails", "s"},
               .greeting = "rails",
               .says = "rails: added -p ",
               .posts = Posts::WithLength,
               .dir = app.dir()},
              1);
}

TEST_CASE("known servers: Node needs nothing, and --plain leaves a command as it is") {
  BerthProcess node({.command = {"node", app_path("node_app.mjs")}, .ready_timeout = "60s"});
  REQUIRE(node.wait_serving());
  CHECK(node.output().find("--plain") == std::string::npos);
  BerthProcess plain({.command = {"/usr/bin/python3", "-m", "http.server", "{port}"},
                      .ready_timeout = "60s",
                      .more = {"--plain"}});
  REQUIRE(plain.wait_serving());
  CHECK(plain.output().find("became") == std::string::npos);
}
