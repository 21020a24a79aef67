// Which of a command's ports is its server: the rule as a table, what its words name, and how long an error
// has to stay the same.
#include "backend/follow_rule.h"

#include <doctest/doctest.h>

#include <string>

#include "backend/elsewhere.h"
#include "backend/output_ports.h"
#include "backend/steady_answer.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;

namespace {

using Kind = FollowChoice::Kind;

constexpr OtherPort kPlain{.port = 3000};
constexpr OtherPort kSecond{.port = 9100};
constexpr OtherPort kNamed{.port = 3000, .named = true};
constexpr OtherPort kInspector{.port = 9229, .debugger = true};
constexpr OtherPort kAsked{.port = 3000, .asked = 1};
constexpr OtherPort kAnswers{.port = 3000, .asked = 1, .answers = true};
constexpr OtherPort kSilent{.port = 9100, .asked = 1};
constexpr OtherPort kAlsoAnswers{.port = 9100, .asked = 1, .answers = true};

struct Row {
  const char* what;
  FollowPolicy policy;
  std::vector<OtherPort> ports;
  std::chrono::milliseconds unchanged;
  FollowChoice expected;
};

const Row kRows[] = {
    {"nothing listens", FollowPolicy::Settle, {}, 10s, {Kind::Wait, 0}},
    {"a command that has the port in its words", FollowPolicy::Never, {kNamed}, 10s, {Kind::Wait, 0}},
    {"the only one, but not for long", FollowPolicy::Settle, {kPlain}, 2999ms, {Kind::Wait, 0}},
    {"the only one for 3 s", FollowPolicy::Settle, {kPlain}, 3s, {Kind::Follow, 0}},
    {"the only one, asked in vain", FollowPolicy::Settle, {kAsked}, 4s, {Kind::Follow, 0}},
    {"named by the output", FollowPolicy::Settle, {kNamed}, 0ms, {Kind::Follow, 0}},
    {"named, beside one that is not", FollowPolicy::Settle, {kSecond, kNamed}, 0ms, {Kind::Follow, 1}},
    {"an inspector alone", FollowPolicy::Settle, {kInspector}, 1h, {Kind::Wait, 0}},
    {"an inspector beside the only one", FollowPolicy::Settle, {kInspector, kPlain}, 3s, {Kind::Follow, 1}},
    {"two, not for long", FollowPolicy::Settle, {kPlain, kSecond}, 1s, {Kind::Wait, 0}},
    {"two, neither asked", FollowPolicy::Settle, {kPlain, kSecond}, 3s, {Kind::Try, 0}},
    {"two, one asked", FollowPolicy::Settle, {kAnswers, kSecond}, 3s, {Kind::Try, 1}},
    {"two, one answers", FollowPolicy::Settle, {kAnswers, kSilent}, 3s, {Kind::Follow, 0}},
    {"two, none answers", FollowPolicy::Settle, {kAsked, kSilent}, 3s, {Kind::Try, 0}},
    {"two, both answer", FollowPolicy::Settle, {kAnswers, kAlsoAnswers}, 9s, {Kind::Ambiguous, 0}},
    {"a port of its own choice", FollowPolicy::AtOnce, {kPlain}, 0ms, {Kind::Follow, 0}},
    {"of its own choice, in turn", FollowPolicy::AtOnce, {kAsked, kSecond}, 0ms, {Kind::Follow, 1}},
    {"of its own choice, named", FollowPolicy::AtOnce, {kSecond, kNamed}, 0ms, {Kind::Follow, 1}},
    {"of its own choice, an inspector", FollowPolicy::AtOnce, {kInspector}, 1h, {Kind::Wait, 0}},
};

SocketRow listener(std::uint16_t port, std::uint64_t inode) {
  SocketRow row;
  row.local = Endpoint::loopback_v4(port);
  row.inode = inode;
  return row;
}

}  // namespace

TEST_CASE("follow rule: which port is the server's, for every row of its table") {
  for (const Row& row : kRows) {
    CAPTURE(row.what);
    const auto choice = which_to_follow(row.policy, row.ports, row.unchanged);
    CHECK(choice.kind == row.expected.kind);
    CHECK(choice.index == row.expected.index);
  }
}

TEST_CASE("follow rule: the 3 s begin again with every port that opens or closes, but not for a debugger's") {
  Elsewhere ports;
  OutputPorts said;
  said.add_debugger(9229);
  const Elsewhere::Clock::time_point start{};
  ports.see({listener(3000, 1)}, said, start);
  ports.see({listener(3000, 1), listener(9229, 7)}, said, start + 1s);
  CHECK(ports.choose(FollowPolicy::Settle, start + 3s).kind == Kind::Follow);
  ports.see({listener(3000, 1), listener(9100, 2)}, said, start + 4s);
  CHECK(ports.choose(FollowPolicy::Settle, start + 6s).kind == Kind::Wait);
  CHECK(ports.choose(FollowPolicy::Settle, start + 7s).kind == Kind::Try);
  ports.asked(3000, true);
  ports.asked(9100, false);
  const auto choice = ports.choose(FollowPolicy::Settle, start + 7s);
  CHECK(choice.kind == Kind::Follow);
  CHECK(ports.listener(choice.index).local.port == 3000);
  // The same number again is another listener.
  ports.see({listener(3000, 3)}, said, start + 8s);
  CHECK(ports.choose(FollowPolicy::Settle, start + 10s).kind == Kind::Wait);
}

TEST_CASE("follow rule: one server on both families is one port") {
  Elsewhere ports;
  SocketRow v6 = listener(3000, 2);
  v6.local = Endpoint::loopback_v6(3000);
  ports.see({v6, listener(3000, 1)}, {}, {});
  const auto choice = ports.choose(FollowPolicy::Settle, Elsewhere::Clock::time_point{} + 3s);
  CHECK(choice.kind == Kind::Follow);
  CHECK(ports.listener(choice.index).local == Endpoint::loopback_v4(3000));
}

TEST_CASE("output: a line that says where the server listens names its port") {
  for (const std::string line :
       {" * Running on http://127.0.0.1:3000", "listening on 3000", "Listening on port 3000.",
        "Server started on port: 3000",
        "  \x1b[32m➜\x1b[39m  Local:   \x1b[36mhttp://localhost:\x1b[1m3000\x1b[22m/",
        "INFO: Uvicorn running on http://0.0.0.0:3000 (Press CTRL+C to quit)",
        "Tomcat started on port(s): 3000 (http)", "app listening at http://[::]:3000/", "Serving at :3000",
        "2026-11-29 15:04:05 ready on 127.0.0.1:3000", "port=3000 started",
        "   - Local:        http://localhost:3000"}) {
    CAPTURE(line);
    OutputPorts ports;
    ports.hear(line);
    CHECK(ports.is_named(3000));
    CHECK_FALSE(ports.is_debugger(3000));
  }
}

TEST_CASE("output: a number that is no port of the server's names nothing") {
  for (const std::string line :
       {"metrics listening on http://127.0.0.1:3000/metrics", "Prometheus exporter started on port 3000",
        "started in 3000 ms", "loaded 3000 rows", "listening on 30001", "pid 3000 started",
        "admin interface running on http://127.0.0.1:3000", "hmr ready on ws://localhost:3000",
        "serving 127.0.0.1:3000.5"}) {
    CAPTURE(line);
    OutputPorts ports;
    ports.hear(line);
    CHECK_FALSE(ports.is_named(3000));
  }
}

TEST_CASE("output: a debugger is known by its line and by the words that start it") {
  for (const std::string line :
       {"Debugger listening on ws://127.0.0.1:9229/0f2c936f-b1cd-4ac9-aab3-f63b0f33d55e",
        "Listening for transport dt_socket at address: 9229",
        "DevTools listening on ws://127.0.0.1:9229/devtools/browser/x",
        "DEBUGGER: Debugger can attach via TCP/IP (127.0.0.1:9229)"}) {
    CAPTURE(line);
    OutputPorts ports;
    ports.hear(line);
    CHECK(ports.is_debugger(9229));
    CHECK_FALSE(ports.is_named(9229));
  }
  using Words = std::vector<std::string>;
  for (const Words& words :
       {Words{"node", "--inspect", "server.js"}, Words{"node", "--inspect=9229", "server.js"},
        Words{"node", "--inspect-brk=127.0.0.1:9229", "server.js"}, Words{"node", "--inspect=0.0.0.0"},
        Words{"java", "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:9229", "-jar",
              "a.jar"},
        Words{"python", "-m", "debugpy", "--listen", "9229", "app.py"},
        Words{"python", "-m", "debugpy", "--listen", "0.0.0.0:9229", "app.py"},
        Words{"dlv", "exec", "--headless", "--listen=:9229", "./app"},
        Words{"chromium", "--remote-debugging-port=9229"}}) {
    CAPTURE(words[1]);
    OutputPorts ports;
    ports.take_words(words);
    CHECK(ports.is_debugger(9229));
  }
  OutputPorts ports;
  ports.take_words({"gunicorn", "--listen", "9229"});
  ports.take_words({"node", "--inspect=0", "server.js"});
  CHECK_FALSE(ports.is_debugger(9229));
  CHECK_FALSE(ports.is_debugger(0));
}

TEST_CASE("steady answer: a 500 is final once it and the output have said nothing new for 10 s") {
  using Clock = SteadyAnswer::Clock;
  const auto ask = [](SteadyAnswer& steady, int status, int first, int last, auto line) {
    for (int s = first; s <= last; ++s) {
      steady.answered(status, Clock::time_point{} + std::chrono::seconds(s));
      steady.hear(line(s), Clock::time_point{} + std::chrono::seconds(s));
    }
  };
  const auto traceback = [](int s) {
    return "ERROR at 12:00:" + std::to_string(s) + " KeyError: 'DATABASE'";
  };
  const auto progress = [](int s) {
    return "loading shard " + std::string(static_cast<std::size_t>(s), 'x');
  };
  const auto at = [](int s) { return Clock::time_point{} + std::chrono::seconds(s); };
  SteadyAnswer same;
  ask(same, 500, 1, 9, traceback);
  CHECK_FALSE(same.is_final(at(9)));
  ask(same, 500, 10, 12, traceback);
  CHECK(same.times() == 12);
  CHECK(same.is_final(at(12)));
  ask(same, 503, 13, 13, traceback);
  CHECK(same.times() == 1);
  CHECK_FALSE(same.is_final(at(60)));
  SteadyAnswer working;
  ask(working, 500, 1, 30, progress);
  CHECK_FALSE(working.is_final(at(30)));
  CHECK(working.is_final(at(40)));
  // That is what these are for.
  for (const int status : {502, 503, 504, 404, 0}) {
    SteadyAnswer waits;
    ask(waits, status, 1, 30, traceback);
    CHECK_FALSE(waits.is_final(at(60)));
  }
}
