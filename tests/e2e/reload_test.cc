// The file read again: what differs is applied and nothing else, and what is wrong with it changes nothing.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr const char* kShared = "listen = \"127.0.0.1:0\"\n";

std::string app(const std::string& name, const std::string& says, const std::string& keys = kShared) {
  return "[app." + name + "]\n" + keys + "command = " + scripted_toml({"--name", says}) +
         "\nstop = { grace = \"2s\" }\n";
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

/// A front with a file, whose next text is reloaded.
class Reloaded {
 public:
  explicit Reloaded(const std::string& text, const std::vector<std::string>& more = {})
      : berth({.file = text, .more = more}) {
    REQUIRE(berth.wait_serving());
  }
  CommandResult reload(const std::string& text) {
    write_file(berth.file(), text);
    return berth.call("reload");
  }
  /// The pid of the app's backend, once it has one.
  std::string pid_of(const std::string& app) {
    std::string pid;
    REQUIRE(wait_until([&] {
      const std::string status = berth.call("status", {"--json"}).out;
      const auto at = status.find("\"pid\":", status.find("\"name\":\"" + app + "\""));
      if (at != std::string::npos) pid = status.substr(at, status.find(',', at) - at);
      return !pid.empty() && pid != "\"pid\":0";
    }));
    return pid;
  }

  BerthProcess berth;
};

std::string ask(std::uint16_t port, const std::string& target) {
  const RawResponse response = get(port, target);
  return response.status == 200 ? response.body.substr(0, response.body.find('\n'))
                                : "STATUS " + std::to_string(response.status);
}

}  // namespace

TEST_CASE("reload: a changed command is a swap, a changed limit is not, and nothing else is touched") {
  const std::string two = app("api", "api", std::string(kShared) + "path = \"/api\"\n");
  Reloaded front(app("web", "one") + two);
  const std::string api = front.pid_of("api");
  const std::string web = front.pid_of("web");
  auto result = front.reload(app("web", "two") + two);
  CHECK(result.exit_code == 0);
  CHECK(result.out == "web: swapping, for its command\nweb: swapped\n");
  CHECK(who_answers(front.berth.port()) == "two");
  CHECK(front.pid_of("api") == api);
  CHECK(front.pid_of("web") != web);
  const std::string swapped = front.pid_of("web");
  result = front.reload(app("web", "two") + "[app.web.limits]\nresponse_timeout = \"100ms\"\n" + two);
  CHECK(result.out == "web: limits.response_timeout changed\n");
  CHECK(front.pid_of("web") == swapped);
  CHECK(get(front.berth.port(), "/slow?2000").status == 504);
  result = front.reload(app("web", "two") + "[app.web.limits]\nresponse_timeout = \"100ms\"\n" + two);
  CHECK(result.out == "the file says what runs already\n");
  check_clean_stop(front.berth);
}

TEST_CASE("reload: apps come and go, and paths move") {
  Reloaded front(app("web", "web"));
  const auto port = front.berth.port();
  auto result =
      front.reload(app("web", "web") + app("api", "api", std::string(kShared) + "path = \"/api\"\n"));
  CHECK(result.exit_code == 0);
  CHECK(result.out == "api: new\n");
  CHECK(wait_until([&] { return ask(port, "/api") == "api"; }, 15s));
  result = front.reload(app("web", "web") + app("api", "api", std::string(kShared) + "path = \"/v2\"\n"));
  CHECK(result.out == "api: path changed\n");
  CHECK(ask(port, "/v2") == "api");
  CHECK(ask(port, "/api") == "web");
  result = front.reload(app("web", "web"));
  CHECK(result.exit_code == 0);
  CHECK(result.out == "api: taken away\n");
  CHECK(ask(port, "/v2") == "web");
  CHECK(front.berth.call("status", {"--json"}).out.find("\"api\"") == std::string::npos);
  check_clean_stop(front.berth);
}

TEST_CASE("reload: a broken file, or an address that is taken, changes nothing and says why") {
  Reloaded front(app("web", "web"));
  const std::string pid = front.pid_of("web");
  auto result = front.reload(app("web", "other") + "nonsense = 1\n");
  CHECK(result.exit_code == 1);
  check_screen(result, {"berth.toml:", "there is no key 'nonsense'", "nothing has changed"});
  BerthProcess stranger({.command = scripted({})});
  const std::string taken = "listen = \"127.0.0.1:" + std::to_string(stranger.port()) + "\"\n";
  result = front.reload(app("web", "other") + app("api", "api", taken));
  CHECK(result.exit_code == 1);
  check_screen(result, {"the port is taken", "pid " + std::to_string(stranger.pid()), "nothing has changed"});
  check_screen(stranger.call("stop"), {"stopped"});
  CHECK(stranger.child().wait_exit(15s).has_value());
  std::filesystem::remove(front.berth.file());
  result = front.berth.call("reload");
  CHECK(result.exit_code == 1);
  CHECK(front.pid_of("web") == pid);
  CHECK(who_answers(front.berth.port()) == "web");
  check_clean_stop(front.berth);
}

TEST_CASE("reload: a swap that fails is told, and the old one serves") {
  Reloaded front(app("web", "web"));
  const auto result =
      front.reload("[app.web]\n" + std::string(kShared) + "command = " + scripted_toml({"--exit", "3"}) +
                   "\nstop = { grace = \"2s\" }\n");
  CHECK(result.exit_code == 1);
  check_screen(result, {"web: ", "exit"});
  CHECK(who_answers(front.berth.port()) == "web");
  check_clean_stop(front.berth);
}

TEST_CASE("reload: it never undoes a swap typed by hand, and without a file there is nothing to read") {
  Reloaded front(app("web", "file"));
  REQUIRE(front.berth.swap(scripted({"--name", "hand"})).exit_code == 0);
  const auto result = front.reload(app("web", "file") + "[app.web.limits]\nmax_upstream = 7\n");
  CHECK(result.out == "web: limits.max_upstream changed\n");
  CHECK(who_answers(front.berth.port()) == "hand");
  check_clean_stop(front.berth);
  BerthProcess bare({.command = scripted({})});
  CHECK(bare.call("reload").exit_code == 1);
  check_screen(bare.call("reload"), {"started without a file"});
  check_clean_stop(bare);
}

TEST_CASE("reload: what only a restart applies says so and stays") {
  Reloaded front("[front]\nworkers = 1\n" + app("web", "web"));
  const auto result = front.reload("[front]\nworkers = 2\n" + app("web", "web"));
  CHECK(result.exit_code == 0);
  CHECK(result.out == "front.workers differs and stays as it was: a restart of berth applies it\n");
  CHECK(front.berth.call("status", {"--json"}).out.find("\"workers\":1") != std::string::npos);
  check_clean_stop(front.berth);
}

TEST_CASE("reload: the access log begins, moves, changes its look, is opened anew, and ends") {
  const TempDir dir;
  const auto log = [&](const std::string& name, const std::string& more = "") {
    return "[front.log]\naccess = \"" + (dir / name) + "\"\n" + more + app("web", "web");
  };
  const auto asked = [&](BerthProcess& berth, const std::string& target) {
    return [&berth, target](const std::string& file) {
      CHECK(ask(berth.port(), target) == "web");
      return wait_until([&] { return read_file(file).find(target) != std::string::npos; }, 10s);
    };
  };
  Reloaded front(app("web", "web"));
  BerthProcess& berth = front.berth;
  CHECK(front.reload(log("one")).out == "front.log.access changed\n");
  CHECK(asked(berth, "/a")(dir / "one"));
  CHECK(front.reload(log("two", "access_format = \"json\"\n")).out ==
        "front.log.access changed\nfront.log.access_format changed\n");
  // Before it is there, a line still goes to the one before.
  REQUIRE(wait_until([&] { return std::filesystem::exists(dir / "two"); }));
  CHECK(asked(berth, "/b")(dir / "two"));
  CHECK(read_file(dir / "two").starts_with("{\"time\":"));
  CHECK(read_file(dir / "one").find("/b") == std::string::npos);
  // As logrotate does it, and then says so by a reload.
  std::filesystem::rename(dir / "two", dir / "two.1");
  CHECK(front.reload(log("two", "access_format = \"json\"\n")).out == "the file says what runs already\n");
  REQUIRE(wait_until([&] { return std::filesystem::exists(dir / "two"); }));
  CHECK(asked(berth, "/c")(dir / "two"));
  const auto wrong = front.reload(log("no/such/dir"));
  CHECK(wrong.exit_code == 1);
  check_screen(wrong, {"cannot open the access log", "nothing has changed"});
  CHECK(asked(berth, "/d")(dir / "two"));
  CHECK(front.reload(app("web", "web")).exit_code == 0);
  CHECK(ask(berth.port(), "/e") == "web");
  check_clean_stop(berth);
  CHECK(read_file(dir / "two").find("/e") == std::string::npos);
  CHECK(read_file(dir / "two.1").find("/c") == std::string::npos);
}

TEST_CASE(
    "reload: the log changes its look, and metrics their address, while a scrape of the old one is none") {
  Reloaded front(app("web", "web"));
  BerthProcess& berth = front.berth;
  const std::string keys = "[front]\nmetrics = \"127.0.0.1:0\"\n[front.log]\nformat = \"json\"\n";
  const auto result = front.reload(keys + app("web", "web"));
  CHECK(result.exit_code == 0);
  check_screen(result,
               {"front.metrics changed\n", "front.log.format changed\n", "metrics on http://127.0.0.1:"});
  const std::string mark = "metrics on http://127.0.0.1:";
  const auto port =
      static_cast<std::uint16_t>(std::stoi(result.out.substr(result.out.find(mark) + mark.size())));
  CHECK(get(port, "/metrics").body.find("berth_build_info") != std::string::npos);
  CHECK(berth.child().wait_output("\"message\":\"reloaded\"}", 10s));
  const auto taken = front.reload("[front]\nmetrics = \"127.0.0.1:" + std::to_string(berth.port()) + "\"\n" +
                                  app("web", "web"));
  CHECK(taken.exit_code == 1);
  check_screen(taken, {"metrics: ", "nothing has changed"});
  CHECK(get(port, "/metrics").status == 200);
  const auto quiet = front.reload("[front.log]\nlevel = \"error\"\n" + app("web", "web"));
  check_screen(quiet, {"front.metrics changed\n", "front.log.level changed\n"});
  CHECK_THROWS(get(port, "/metrics"));
  check_clean_stop(berth);
  CHECK(berth.output().find("stopping:") == std::string::npos);
}

TEST_CASE(
    "reload: a listener moves, its kept connections end once they are idle, the new one serves at once") {
  const TempDir dir;
  const auto on = [&](const std::string& name) { return "listen = \"unix:" + (dir / name) + "\"\n"; };
  const auto over = [&](const std::string& name) {
    return run_command(
               {{"curl", "-sS", "--max-time", "15", "--unix-socket", dir / name, "http://app/"}, {}, {}})
        .out;
  };
  Reloaded front(app("web", "web") + app("api", "api", on("a.sock")));
  CHECK(over("a.sock") == "api\n");
  const std::string pid = front.pid_of("api");
  const auto result = front.reload(app("web", "web") + app("api", "api", on("b.sock")));
  CHECK(result.out == "api: listen changed\n");
  CHECK(over("b.sock") == "api\n");
  CHECK(wait_until([&] { return !std::filesystem::exists(dir / "a.sock"); }, 15s));
  CHECK(front.pid_of("api") == pid);
  check_clean_stop(front.berth);
}

TEST_CASE("reload: SIGHUP and a written file do it, too") {
  Reloaded front(app("web", "one"), {"--watch-config"});
  write_file(front.berth.file() + ".new", app("web", "two"));
  std::filesystem::rename(front.berth.file() + ".new", front.berth.file());
  CHECK(wait_until([&] { return who_answers(front.berth.port()) == "two"; }, 15s));
  check_clean_stop(front.berth);

  Reloaded asked(app("web", "one"));
  write_file(asked.berth.file(), app("web", "three"));
  asked.berth.child().signal(SIGHUP);
  CHECK(wait_until([&] { return who_answers(asked.berth.port()) == "three"; }, 15s));
  check_clean_stop(asked.berth);
}

TEST_CASE("reload: what failed is told as it was, and tried again by the next reload") {
  Reloaded front(app("web", "one"));
  const std::string go = front.berth.dir() / "go";
  const std::string picky = "[app.web]\n" + std::string(kShared) + "command = [\"sh\", \"-c\", 'test -e " +
                            go + " || exit 3; exec \"$0\" \"$@\"', " +
                            scripted_toml({"--name", "two"}).substr(1) + "\nstop = { grace = \"2s\" }\n";
  for (int round = 0; round < 2; ++round) {
    const auto failed = front.reload(picky);
    CHECK(failed.exit_code == 1);
    check_screen(failed, {"web: swapping, for its command", "exit 3"});
    CHECK(failed.all().find("web: swapped") == std::string::npos);
    CHECK(who_answers(front.berth.port()) == "one");
  }
  write_file(go, std::string());
  const auto done = front.reload(picky);
  CHECK(done.exit_code == 0);
  check_screen(done, {"web: swapping, for its command, which did not come to serve before", "web: swapped"});
  CHECK(who_answers(front.berth.port()) == "two");
  CHECK(front.reload(picky).out == "the file says what runs already\n");
  check_clean_stop(front.berth);
}

TEST_CASE("reload: what somebody swapped by hand after a failed reload stays") {
  Reloaded front(app("web", "one"));
  const std::string broken = "[app.web]\n" + std::string(kShared) +
                             "command = " + scripted_toml({"--exit", "3"}) + "\nstop = { grace = \"2s\" }\n";
  CHECK(front.reload(broken).exit_code == 1);
  CHECK(front.berth.swap(scripted({"--name", "by-hand"})).exit_code == 0);
  CHECK(front.reload(broken).out == "the file says what runs already\n");
  CHECK(who_answers(front.berth.port()) == "by-hand");
  check_clean_stop(front.berth);
}

TEST_CASE("reload: an address that berth has stays open while others come and go beside it") {
  Reloaded front(app("web", "web"));
  const std::string own = "127.0.0.1:" + std::to_string(front.berth.port());
  const auto on = [&](const std::string& listen) { return app("web", "web", "listen = " + listen + "\n"); };
  RawClient kept(front.berth.port());
  kept.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  CHECK(kept.read_response().status == 200);
  // The same number on another address is free or not, so it is asked for by 0.
  for (const std::string& listen :
       {"[\"" + own + "\", \"127.0.0.2:0\"]", "[\"127.0.0.3:0\", \"" + own + "\"]", "\"" + own + "\""}) {
    CAPTURE(listen);
    const auto result = front.reload(on(listen));
    CHECK(result.exit_code == 0);
    CHECK(result.out == "web: listen changed\n");
    CHECK(who_answers(front.berth.port()) == "web");
    CHECK(front.berth.call("status", {"--json"}).out.find("\"" + own + "\"") != std::string::npos);
  }
  kept.send("GET / HTTP/1.1\r\nHost: app\r\n\r\n");
  CHECK(kept.read_response().status == 200);
  const auto overlap = front.reload(on("\"0.0.0.0:" + std::to_string(front.berth.port()) + "\""));
  CHECK(overlap.exit_code == 1);
  check_screen(overlap, {"this berth itself listens on " + own, "nothing has changed"});
  CHECK(overlap.all().find("stop that program") == std::string::npos);
  check_clean_stop(front.berth);
}
