#include "config/toml_file.h"

#include <doctest/doctest.h>

namespace berth {
namespace {

FileResult read(std::string_view text) {
  auto variables = [](const std::string& name) -> std::optional<std::string> {
    return name == "HOME" ? std::optional<std::string>("/home/u") : std::nullopt;
  };
  return parse_toml(text, {"berth.toml", "/srv/site", variables});
}

Config good(std::string_view text) {
  FileResult result = read(text);
  for (const auto& error : result.errors) FAIL_CHECK(error.text());
  return result.config;
}

constexpr std::string_view kEverything = R"(
[front]
workers = 3

[listener."0.0.0.0:8000"]
head_timeout = "1s"
idle_timeout = "2s"
max_head = "8KiB"
max_fields = 12
max_connections = 34
max_per_client = 5

[app.web]
listen = "0.0.0.0:8000"
command = ["uvicorn", "app:app", "--port", "{port}"]
dir = "code"
env = { APP_ENV = "dev", CACHE = "$HOME/cache", PRICE = "$$5", BRACED = "${HOME}x" }
ready = { http = "/health", status = "200-299", host = "example.org", successes = 3, warm = ["/", "/slow"], timeout = "3s" }
drain = "4s"
stop = { signal = "INT", to = "group", grace = "5s" }
max_retiring = 2

[app.web.limits]
body_stall = "6s"
body_min_rate = 7
connect_timeout = "8s"
response_timeout = "9s"
stream_idle = "10s"
upstream_idle = "11s"
max_upstream = 12
hold_timeout = "13s"
hold_requests = 14

[app.api]
listen = ["127.0.0.1:9000", "[::1]:9000"]
command = ["x"]
ready = { tcp = true }

[app.said]
listen = "127.0.0.1:9001"
command = ["x"]
ready = { notify = true }

[app.logged]
listen = "127.0.0.1:9002"
command = ["x"]
ready = { log = "[Ll]istening on \\d+" }

[app.asked]
listen = "127.0.0.1:9003"
command = ["x"]
ready = { exec = ["curl", "-f", "http://{host}:{port}/"] }
)";

}  // namespace

TEST_CASE("file: every key that has a field reaches it") {
  Config config = good(kEverything);
  CHECK(config.front.workers == 3);
  REQUIRE(config.listeners.size() == 6);
  const ListenerConfig& listener = config.listeners[0];
  CHECK(listener.head_timeout == Milliseconds(1000));
  CHECK(listener.idle_timeout == Milliseconds(2000));
  CHECK(listener.max_head == 8192);
  CHECK(listener.max_fields == 12);
  CHECK(listener.max_connections == 34);
  CHECK(listener.max_per_client == 5);
  CHECK(listener.addresses == std::vector<Endpoint>{Endpoint::any_v4(8000)});
  REQUIRE(config.apps.size() == 5);
  const AppConfig& web = config.apps[0];
  CHECK(web.name == "web");
  CHECK(web.command.size() == 4);
  CHECK(web.dir == "/srv/site/code");
  CHECK(web.env.at("CACHE") == "/home/u/cache");
  CHECK(web.env.at("PRICE") == "$5");
  CHECK(web.env.at("BRACED") == "/home/ux");
  CHECK(web.ready.path == "/health");
  CHECK(web.ready.status_min == 200);
  CHECK(web.ready.status_max == 299);
  CHECK(web.ready.host == "example.org");
  CHECK(web.ready.successes == 3);
  CHECK(web.ready.warm == std::vector<std::string>{"/", "/slow"});
  CHECK(web.ready.timeout == Milliseconds(3000));
  CHECK(web.drain == Milliseconds(4000));
  CHECK(web.stop.signal == 2);
  CHECK(web.stop.grace == Milliseconds(5000));
  CHECK(web.stop.to == StopTo::Group);
  CHECK(web.max_retiring == 2);
  CHECK(web.limits.body_stall == Milliseconds(6000));
  CHECK(web.limits.body_min_rate == 7);
  CHECK(web.limits.connect_timeout == Milliseconds(8000));
  CHECK(web.limits.response_timeout == Milliseconds(9000));
  CHECK(web.limits.stream_idle == Milliseconds(10'000));
  CHECK(web.limits.upstream_idle == Milliseconds(11'000));
  CHECK(web.limits.max_upstream == 12);
  CHECK(web.limits.hold_timeout == Milliseconds(13'000));
  CHECK(web.limits.hold_requests == 14);
  CHECK(config.apps[1].ready.kind == ReadyConfig::Kind::Tcp);
  CHECK(config.apps[1].dir == "/srv/site");
  CHECK(config.apps[2].ready.kind == ReadyConfig::Kind::Notify);
  CHECK(config.apps[3].ready.kind == ReadyConfig::Kind::Log);
  CHECK(config.apps[3].ready.log == "[Ll]istening on \\d+");
  CHECK(config.apps[4].ready.kind == ReadyConfig::Kind::Exec);
  CHECK(config.apps[4].ready.exec == std::vector<std::string>{"curl", "-f", "http://{host}:{port}/"});
  CHECK(config.listeners[1].addresses == std::vector<Endpoint>{Endpoint::loopback_v4(9000)});
  CHECK(config.listeners[2].addresses == std::vector<Endpoint>{Endpoint::loopback_v6(9000)});
}

TEST_CASE("file: apps keep the file's order, though TOML sorts them") {
  Config config = good(R"(
[app.zebra]
listen = "127.0.0.1:1"
command = ["z"]
[app.ant]
listen = "127.0.0.1:2"
command = ["a"]
[app.mole]
listen = "127.0.0.1:3"
command = ["m"]
)");
  REQUIRE(config.apps.size() == 3);
  CHECK(config.apps[0].name == "zebra");
  CHECK(config.apps[1].name == "ant");
  CHECK(config.apps[2].name == "mole");
}

TEST_CASE("file: a syntax error is told alone, with its line") {
  auto errors = read("[app.web]\ncommand = [\"x\"\nlisten = 3\n").errors;
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].where.starts_with("berth.toml:3:"));
}

TEST_CASE("file: all faults are told at once, in the file's order, each with its place") {
  auto errors = read(R"([app.web]
listen = "somewhere:80"
comand = ["x"]
command = ["x"]
drain = "soon"
ready = { htpp = "/", tcp = true }
stop = { signal = "NOPE" }
env = { A = "$NOT_SET" }
[app.web.limits]
hold_time = "1s"
max_upstream = "many"
[frond]
)")
                    .errors;
  std::vector<std::string> seen;
  seen.reserve(errors.size());
  for (const auto& error : errors) seen.push_back(error.text());
  struct Row {
    const char* where;
    const char* what;
    const char* hint;
  };
  std::vector<Row> wanted = {{"berth.toml:2:10", "names are not looked up", ""},
                             {"berth.toml:3:1", "no key 'comand' in [app.web]", "'command'"},
                             {"berth.toml:5:9", "'soon' is not a duration", ""},
                             {"berth.toml:6:11", "no key 'htpp' in [app.web.ready]", "'http'"},
                             {"berth.toml:7:19", "'NOPE' is not a signal", ""},
                             {"berth.toml:8:13", "$NOT_SET is not set", "$$"},
                             {"berth.toml:10:1", "no key 'hold_time'", "'hold_timeout'"},
                             {"berth.toml:11:16", "'many' is not a whole number", ""},
                             {"berth.toml:12:2", "no key 'frond' at the top of the file", "'front'"}};
  CAPTURE(seen);
  REQUIRE(errors.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    CAPTURE(seen[i]);
    CHECK(errors[i].where == wanted[i].where);
    CHECK(errors[i].what.find(wanted[i].what) != std::string::npos);
    CHECK(errors[i].hint.find(wanted[i].hint) != std::string::npos);
  }
}

TEST_CASE("file: what follows only from another fault is not told") {
  for (const char* text :
       {"app = 3", "[ap.web]\nlisten = \"127.0.0.1:1\"\ncommand = ['x']", "[app.a]\ncommand = 'x'",
        "[app.a]\ncomand = ['x']", "[app.a]\nexternal = 'nowhere'",
        "[app.a]\nlisten = 8000\ncommand = ['x', '{port}']\nready = { http = '/' }",
        "[app.a]\nlissen = '127.0.0.1:1'\ncommand = ['x']\npath = '/api'",
        "[app.a]\nlisten = 1\ncommand = ['x']\n[listener.'127.0.0.1:8000']\nmax_fields = 3",
        "[app.a]\ncommand = ['x']\nready = { exec = [1] }",
        "[app.a]\ncommand = ['x']\nready = { log = 1 }"}) {
    std::string told;
    const auto errors = read(text).errors;
    for (const auto& error : errors) told += error.text() + "\n";
    CAPTURE(told);
    CHECK(errors.size() == 1);
  }
}

TEST_CASE("file: a key in the wrong table is sent to the right one") {
  const auto hint = [](std::string_view text) { return read(text).errors.at(0).hint; };
  CHECK(hint("command = 'x'\n[app.a]\ncommand = ['x']") == "it belongs into [app.NAME]");
  CHECK(hint("[app.a]\ncommand = ['x']\nmax_upstream = 3") == "it belongs into [app.NAME.limits]");
  CHECK(hint("[app.a]\ncommand = ['x']\nrise = 3\n") == "it belongs into [app.NAME.health]");
  CHECK(hint("[front]\nlevel = 'warn'\n[app.a]\ncommand = ['x']") == "it belongs into [front.log]");
}

TEST_CASE("file: a table is named as it stands in the file") {
  const auto errors = read(
                          "[app.a]\ncommand = ['x']\nlisten = '127.0.0.1:1'\n"
                          "[listener.'127.0.0.1:1']\nmax_heads = 3")
                          .errors;
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].what == "there is no key 'max_heads' in [listener.\"127.0.0.1:1\"]");
}

TEST_CASE("file: a fault hides no other one") {
  for (const char* text :
       {"[app.a]\ncommand = ['x']\nenv = { A = 1, 'B=C' = 'x' }",
        "[app.a]\ncommand = ['x']\nlisten = '127.0.0.1:1'\npth = '/a'\npath = 'b'",
        "[app.a]\ncommand = ['x']\nready = { exec = [''], successes = 0 }", "[app.a]\ncommand = 1\nuser = 2",
        "[app.a]\ncommand = 1\n[app.b]\nlisten = 'x'\ncommand = ['x']"}) {
    CAPTURE(std::string(text));
    CHECK(read(text).errors.size() == 2);
  }
}

TEST_CASE("file: dir = \".\" is the file's own directory, as without it") {
  CHECK(good("[app.a]\ncommand = ['x']\ndir = '.'").apps[0].dir == "/srv/site");
  CHECK(good("[app.a]\ncommand = ['x']\ndir = '/'").apps[0].dir == "/");
}

TEST_CASE("places: a file, a line and a column, or none") {
  const FilePlace place = file_place("a:b/berth.toml:12:3");
  CHECK(place.file == "a:b/berth.toml");
  CHECK(place.line == 12);
  CHECK(place.column == 3);
  CHECK(file_place("--listen").line == 0);
  CHECK(file_place("berth.toml").file == "berth.toml");
}

TEST_CASE("file: wrong kinds of values are told, none is converted in silence") {
  for (const char* line : {"command = \"uvicorn app\"",
                           "command = [1]",
                           "dir = 3",
                           "env = 1",
                           "env = { A = 1 }",
                           "drain = true",
                           "listen = 8000",
                           "ready = \"/\"",
                           "ready = { tcp = false }",
                           "ready = { tcp = true, listen = true }",
                           "ready = { notify = 1 }",
                           "ready = { notify = false }",
                           "ready = { log = 3 }",
                           "ready = { log = \"(\" }",
                           "ready = { exec = \"curl\" }",
                           "ready = { exec = [] }",
                           "ready = { notify = true, log = \"x\" }",
                           "ready = { successes = \"2\" }",
                           "ready = { warm = \"/\" }",
                           "ready = { status = \"x\" }",
                           "max_retiring = -1",
                           "max_retiring = 1.5",
                           "stop = { grace = \"x\" }",
                           "stop = { to = \"all\" }",
                           "limits = 1"}) {
    CAPTURE(line);
    bool has_command = std::string_view(line).starts_with("command");
    std::string text = std::string("[app.a]\n") + (has_command ? "" : "command = [\"x\"]\n") + line + "\n";
    CHECK_FALSE(read(text).errors.empty());
  }
}

TEST_CASE("file: a value without its quotes is told what to write") {
  struct Row {
    const char* line;
    const char* told;
  };
  constexpr const char* kBare =
      "this is neither a text in quotes nor a number; a text stands in quotes: KEY = \"value\"";
  for (const Row& row : {
           Row{"listen = 8000",
               "'listen' is neither a text nor a list of texts; write \"8000\" or [\"127.0.0.1:8000\", "
               "\"[::1]:8000\"]"},
           Row{"listen = true",
               "'listen' is neither a text nor a list of texts; write \"true\" or [\"127.0.0.1:8000\", "
               "\"[::1]:8000\"]"},
           Row{"host = 1.5",
               "'host' is neither a text nor a list of texts; write it in quotes, or [\"example.org\", "
               "\"*.example.org\"]"},
           Row{"listen = 127.0.0.1:8000", kBare},
           Row{"listen=127.0.0.1:8000 # here", kBare},
           Row{"listen = [127.0.0.1:8000]", kBare},
           Row{"listen = [\"127.0.0.1:8000\", 127.0.0.1:8001]", kBare},
           Row{"listen = [::1]:8000", kBare},
           Row{"listen = 8000:80", kBare},
           Row{"drain = 30s", kBare},
           Row{"path = /api", kBare},
           Row{"mode = tcp", kBare},
           Row{"user = nobody", kBare},
           Row{"port = fd", kBare},
           Row{"env = { A = dev }", kBare},
           Row{"env = { A = 10.0.0.1 }", kBare},
           Row{"stop = { signal = INT, grace = 10s }", kBare},
       }) {
    CAPTURE(std::string(row.line));
    const auto errors = read(std::string("[app.a]\ncommand = ['x']\n") + row.line + "\n").errors;
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].where.starts_with("berth.toml:3:"));
    CHECK(errors[0].what + "; " + errors[0].hint == row.told);
  }
  // What is wrong elsewhere gets no such hint.
  for (const char* line :
       {"listen = ", "listen = \"127.0.0.1:8000", "listen = \"a\" b", "listen \"a\"", "a = [1", "= 1"}) {
    CAPTURE(std::string(line));
    CHECK(read(std::string("[app.a]\n") + line + "\n").errors.at(0).hint.find("quotes") == std::string::npos);
  }
}

TEST_CASE("file: an empty file asks for an app") {
  auto errors = read("").errors;
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].text().find("there is no app") != std::string::npos);
}

TEST_CASE("file: one that cannot be read is an error that says so") {
  CHECK(load_file("/nonexistent/berth.toml", "berth.toml").errors.at(0).what ==
        "this file cannot be read: No such file or directory");
  CHECK(load_file("/", "/").errors.size() == 1);
  CHECK(load_file("/dev/null", "berth.toml").errors.at(0).text().find("there is no app") !=
        std::string::npos);
}

}  // namespace berth
