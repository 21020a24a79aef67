#include "config/command_line.h"

#include <doctest/doctest.h>

namespace berth {
namespace {

template <class T>
T parsed(const std::vector<std::string>& arguments) {
  Verb verb = parse_command_line(arguments);
  if (const auto* text = std::get_if<ShowText>(&verb)) FAIL(text->text);
  return std::get<T>(verb);
}

ShowText shown(const std::vector<std::string>& arguments) {
  return std::get<ShowText>(parse_command_line(arguments));
}

}  // namespace

TEST_CASE("command line: a command after -- is taken word for word") {
  auto run = parsed<RunVerb>({"run", "-l", "127.0.0.1:9000", "--", "sh", "-c", "echo [a,b] --help -- x"});
  CHECK(run.listen == std::vector<std::string>{"127.0.0.1:9000"});
  CHECK(run.command == std::vector<std::string>{"sh", "-c", "echo [a,b] --help -- x"});
  CHECK_FALSE(run.file.has_value());
}

TEST_CASE("command line: a command is never taken for the app's name") {
  auto swap = parsed<SwapVerb>({"swap", "--", "uvicorn", "app:app", "[x,y]"});
  CHECK(swap.target.app.empty());
  CHECK(swap.command == std::vector<std::string>{"uvicorn", "app:app", "[x,y]"});
  auto named = parsed<SwapVerb>({"swap", "web", "--", "x"});
  CHECK(named.target.app == "web");
}

TEST_CASE("command line: every option of run arrives under its own name") {
  auto run = parsed<RunVerb>({"run",
                              "--control",
                              "/tmp/c.sock",
                              "--workers",
                              "3",
                              "--name",
                              "web",
                              "--dir",
                              "/srv",
                              "--env",
                              "A=1",
                              "--env",
                              "B=x=y",
                              "--ready",
                              "http=/health",
                              "--ready-status",
                              "200-299",
                              "--ready-host",
                              "example.org",
                              "--ready-timeout",
                              "5s",
                              "--drain",
                              "7s",
                              "--stop-signal",
                              "INT",
                              "--stop-grace",
                              "9s",
                              "--max-retiring",
                              "2",
                              "--limit",
                              "hold_timeout=1s",
                              "--limit",
                              "max_head=8KiB",
                              "-l",
                              "127.0.0.1:1",
                              "-l",
                              "[::1]:1",
                              "--",
                              "x"});
  CHECK(run.control == "/tmp/c.sock");
  CHECK(run.workers == "3");
  CHECK(run.name == "web");
  CHECK(run.dir == "/srv");
  CHECK(run.env == std::map<std::string, std::string>{{"A", "1"}, {"B", "x=y"}});
  CHECK(run.ready == "http=/health");
  CHECK(run.ready_status == "200-299");
  CHECK(run.ready_host == "example.org");
  CHECK(run.ready_timeout == "5s");
  CHECK(run.drain == "7s");
  CHECK(run.stop_signal == "INT");
  CHECK(run.stop_grace == "9s");
  CHECK(run.max_retiring == "2");
  CHECK(run.limits == std::vector<std::string>{"hold_timeout=1s", "max_head=8KiB"});
  CHECK(run.listen == std::vector<std::string>{"127.0.0.1:1", "[::1]:1"});
}

TEST_CASE("command line: the options of swap") {
  auto swap = parsed<SwapVerb>(
      {"swap", "web", "--wait=switch", "--no-queue", "--timeout", "3s", "--env", "A=1", "--json"});
  CHECK(swap.target.app == "web");
  CHECK(swap.target.json);
  CHECK(swap.kind == SwapVerb::Kind::Swap);
  CHECK_FALSE(swap.wait_for_release);
  CHECK_FALSE(swap.queue);
  CHECK(swap.timeout == Milliseconds(3000));
  CHECK(swap.env.at("A") == "1");
  auto plain = parsed<SwapVerb>({"swap"});
  CHECK(plain.wait_for_release);
  CHECK(plain.queue);
  CHECK(plain.timeout == kOff);
}

TEST_CASE("command line: a server that runs already is named by its address") {
  auto attach = parsed<SwapVerb>({"attach", "9000", "--released-within", "20s", "--wait=switch"});
  CHECK(attach.kind == SwapVerb::Kind::Attach);
  CHECK(attach.to == Endpoint::loopback_v4(9000));
  CHECK(attach.released_within == Milliseconds(20'000));
  CHECK_FALSE(attach.wait_for_release);
  CHECK(attach.target.app.empty());
  auto named = parsed<SwapVerb>({"attach", "web", "unix:/run/app.sock", "--json"});
  CHECK(named.target.app == "web");
  CHECK(named.target.json);
  CHECK(named.to == Endpoint::unix_path("/run/app.sock"));
  CHECK(parsed<SwapVerb>({"swap", "web", "--to", "localhost:9000"}).to == Endpoint::loopback_v4(9000));
  auto detach = parsed<SwapVerb>({"detach", "web", "--timeout", "3s"});
  CHECK(detach.kind == SwapVerb::Kind::Detach);
  CHECK(detach.target.app == "web");
  CHECK(detach.timeout == Milliseconds(3000));
  CHECK_FALSE(detach.only);
  CHECK(parsed<SwapVerb>({"detach", "--only", "9000"}).only == Endpoint::loopback_v4(9000));
  CHECK(shown({"detach", "--only", "example.org:80"}).exit_code == 2);
  CHECK(shown({"attach", "9000", "--only", "9001"}).exit_code == 2);
}

TEST_CASE("command line: the other verbs") {
  CHECK(parsed<SwapVerb>({"restart", "web"}).kind == SwapVerb::Kind::Restart);
  CHECK(parsed<CancelVerb>({"cancel", "web"}).target.app == "web");
  CHECK(parsed<StatusVerb>({"status", "--json"}).target.json);
  CHECK(parsed<WhyVerb>({"why", "--control", "/x"}).target.control == "/x");
  auto logs = parsed<LogsVerb>({"logs", "-f", "-n", "5"});
  CHECK(logs.follow);
  CHECK(logs.lines == 5);
  CHECK(parsed<StopVerb>({"stop", "--timeout", "1s"}).timeout == Milliseconds(1000));
  CHECK(parsed<DemoVerb>({"demo", "--port", "0"}).arguments == std::vector<std::string>{"--port", "0"});
}

TEST_CASE("command line: help and version go to stdout with 0") {
  CHECK(shown({"--help"}).exit_code == 0);
  CHECK(shown({"--help"}).text.find("swap") != std::string::npos);
  CHECK(shown({"run", "--help"}).text.find("--ready-timeout") != std::string::npos);
  CHECK(shown({"--version"}).text.starts_with("berth 0."));
  CHECK(shown({"--version"}).exit_code == 0);
}

TEST_CASE("command line: a wrong call says what was meant") {
  struct Row {
    std::vector<std::string> arguments;
    const char* says;
  };
  for (const Row& row : {Row{{}, "berth"},
                         {{"sawp"}, "did you mean 'swap'"},
                         {{"--", "x"}, "did you mean `berth run"},
                         {{"run", "--lisen", "x", "--", "y"}, "did you mean '--listen'"},
                         {{"run", "python3", "x.py"}, "a command stands after `--`"},
                         {{"run", "--"}, "no command stands after"},
                         {{"run", "-l"}, "listen"},
                         {{"swap", "a", "b"}, "one word too many"},
                         {{"swap", "--wait=never"}, "never"},
                         {{"swap", "--timeout", "3"}, "not a duration"},
                         {{"swap", "--env", "A"}, "not K=V"},
                         {{"attach"}, "ADDRESS"},
                         {{"attach", "example.org:80"}, "is not an address"},
                         {{"attach", "web", "9000", "x"}, "At Most 2"},
                         {{"attach", "9000", "--", "x"}, "takes no command"},
                         {{"swap", "--to", "9000", "--", "x"}, "a command does not go with it"},
                         {{"swap", "--to", "0.0.0.0:9000"}, "where a server listens"},
                         {{"swap", "--released-within", "0s"}, "is not a time"},
                         {{"status", "--", "x"}, "takes no command"},
                         {{"logs", "-n", "x"}, "'x' is not a whole number from 0 to 10000"},
                         {{"logs", "-n", "10001"}, "'10001' is not a whole number from 0 to 10000"},
                         {{"logs", "-n", "-1"}, "whole number"}}) {
    std::string joined;
    for (const auto& word : row.arguments) joined += word + " ";
    CAPTURE(joined);
    ShowText text = shown(row.arguments);
    CAPTURE(text.text);
    CHECK(text.exit_code == 2);
    CHECK(text.text.find(row.says) != std::string::npos);
  }
}

TEST_CASE("command line: port takes an address, a wait with a time, and nothing else") {
  auto port = parsed<PortVerb>({"port", "[::1]:8000"});
  CHECK(port.address == "[::1]:8000");
  CHECK_FALSE(port.wait.has_value());
  CHECK_FALSE(port.json);
  port = parsed<PortVerb>({"port", "8000", "--wait", "20s", "--json"});
  CHECK(port.address == "8000");
  CHECK(port.wait == Milliseconds(20'000));
  CHECK(port.json);
  CHECK(parsed<PortVerb>({"port", "8000", "--wait=off"}).wait == kOff);
  CHECK(shown({"port"}).exit_code == 2);
  CHECK(shown({"port", "8000", "8001"}).exit_code == 2);
  CHECK(shown({"port", "8000", "--wait"}).exit_code == 2);
  CHECK(shown({"port", "8000", "--wait", "soon"}).exit_code == 2);
  CHECK(shown({"port", "8000", "--", "x"}).exit_code == 2);
  CHECK(shown({"port", "--help"}).text.find("usage: berth port HOST:PORT") != std::string::npos);
}

TEST_CASE("command line: run --wait may go without a time") {
  CHECK_FALSE(parsed<RunVerb>({"run", "--", "x"}).wait.has_value());
  CHECK(parsed<RunVerb>({"run", "--wait", "--", "x"}).wait == "30s");
  CHECK(parsed<RunVerb>({"run", "--wait", "-l", "127.0.0.1:1", "--", "x"}).wait == "30s");
  CHECK(parsed<RunVerb>({"run", "--wait=5s", "--", "x"}).wait == "5s");
  CHECK(parsed<RunVerb>({"run", "--wait", "5s", "--", "x"}).wait == "5s");
}

TEST_CASE("command line: check and init name a file, and take no command") {
  auto check = parsed<CheckVerb>({"check"});
  CHECK_FALSE(check.file.has_value());
  CHECK(check.show == CheckVerb::Show::Faults);
  check = parsed<CheckVerb>({"check", "-c", "x.toml", "--json"});
  CHECK(check.file == "x.toml");
  CHECK(check.json);
  CHECK(parsed<CheckVerb>({"check", "--defaults"}).show == CheckVerb::Show::Defaults);
  CHECK(parsed<CheckVerb>({"check", "--schema"}).show == CheckVerb::Show::Schema);
  auto init = parsed<InitVerb>({"init"});
  CHECK_FALSE(init.file.has_value());
  CHECK_FALSE(init.force);
  init = parsed<InitVerb>({"init", "--config", "x.toml", "--force", "--json"});
  CHECK(init.file == "x.toml");
  CHECK(init.force);
  CHECK(init.json);
  for (const char* verb : {"check", "init"}) {
    CHECK(shown({verb, "--", "x"}).exit_code == 2);
    CHECK(shown({"help", verb}).text.find("exit codes: 0") != std::string::npos);
  }
  CHECK(shown({"check", "--schema", "--defaults"}).exit_code == 2);
}

TEST_CASE("command line: a verb's options are understood before it, too") {
  auto status = parsed<StatusVerb>({"--control", "X", "status", "web"});
  CHECK(status.target.control == "X");
  CHECK(status.target.app == "web");
  CHECK(parsed<StatusVerb>({"--control=X", "--json", "status"}).target.json);
  // A value may be a verb's name.
  CHECK(parsed<StatusVerb>({"--control", "swap", "status"}).target.control == "swap");
  const auto run = parsed<RunVerb>({"-l", "127.0.0.1:1", "run", "--", "x", "swap"});
  CHECK(run.listen == std::vector<std::string>{"127.0.0.1:1"});
  CHECK(run.command == std::vector<std::string>{"x", "swap"});
  CHECK(parsed<LogsVerb>({"-f", "logs", "-n", "3"}).lines == 3);
  CHECK(parsed<LogsVerb>({"-n3", "logs"}).lines == 3);
  CHECK(shown({"--contrl", "X", "status"}).exit_code == 2);
  CHECK(shown({"--follow", "status"}).exit_code == 2);
  CHECK(shown({"--control", "status"}).exit_code == 2);
  CHECK(shown({"--version"}).exit_code == 0);
}

TEST_CASE("command line: options without their verb or their value say which of both is missing") {
  struct Row {
    std::vector<std::string> words;
    const char* first_line;
  };
  for (const Row& row : std::vector<Row>{
           {{"--control", "status"},
            "berth: the value of '--control' is missing: berth --control PATH status"},
           {{"--control", "status", "web"},
            "berth: the value of '--control' is missing: berth --control PATH status"},
           {{"--json", "--control", "status"},
            "berth: the value of '--control' is missing: berth --control PATH status"},
           {{"--wait", "port", "127.0.0.1:9999"},
            "berth: the value of '--wait' is missing: berth --wait TIME port"},
           {{"-n", "logs"}, "berth: the value of '-n' is missing: berth -n N logs"},
           {{"--control=X"},
            "berth: a verb is missing: '--control' is an option of one, as in `berth status --control=X`"},
           {{"--control", "X"},
            "berth: a verb is missing: '--control' is an option of one, as in `berth status --control X`"},
           {{"--json"},
            "berth: a verb is missing: '--json' is an option of one, as in `berth status --json`"},
           {{"-n", "5"}, "berth: a verb is missing: '-n' is an option of one, as in `berth logs -n 5`"},
           {{"--follow", "status"}, "berth: there is no option '--follow'"},
           {{"--contrl", "X", "status"}, "berth: there is no option '--contrl': did you mean '--control'?"},
           {{"--nonsense"}, "berth: there is no option '--nonsense'"},
       }) {
    const ShowText text = shown(row.words);
    CHECK(text.exit_code == 2);
    CHECK(text.text.substr(0, text.text.find('\n')) == row.first_line);
  }
}

TEST_CASE("command line: of the words after help, the one that does not belong there is named") {
  const auto told = [](const std::vector<std::string>& words) { return shown(words).text; };
  CHECK(told({"help", "swap", "nosuch"}).starts_with("berth: 'nosuch' is one word too many\n"));
  CHECK(told({"help", "nosuch", "swap"}).starts_with("berth: there is no verb 'nosuch'"));
  CHECK(told({"help", "swap", "--json"}).starts_with("berth: there is no option '--json'"));
}

TEST_CASE("command line: there is no help with a verb that is not there") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"help", "stauts"}, {"stauts", "--help"}, {"stauts", "-h"}}) {
    const ShowText text = shown(words);
    CHECK(text.exit_code == 2);
    CHECK(text.text.find("there is no verb 'stauts': did you mean 'status'?") != std::string::npos);
  }
  CHECK(shown({"help"}).exit_code == 0);
  CHECK(shown({"help", "status"}).exit_code == 0);
  CHECK(shown({"help", "--man"}).exit_code == 0);
}

TEST_CASE("command line: what is for a whole berth takes an address of it, and no app") {
  CHECK(parsed<StopVerb>({"stop", "127.0.0.1:8000"}).target.app == "127.0.0.1:8000");
  CHECK(parsed<ReloadVerb>({"reload", "unix:/run/b.sock"}).target.app == "unix:/run/b.sock");
  CHECK(parsed<StopVerb>({"stop"}).target.app.empty());
  CHECK(shown({"stop", "web"})
            .text.find("'web' is no address: stop is for a whole berth with all of its apps; find the one "
                       "that has 'web' with `berth ls`, and name it by an address or its socket, as in "
                       "`berth stop 127.0.0.1:8000` or `berth stop --control PATH`") != std::string::npos);
  CHECK(shown({"reload", "web"}).exit_code == 2);
}

TEST_CASE("command line: ls takes no more than --json, and logs may come raw") {
  CHECK(parsed<LsVerb>({"ls", "--json"}).json);
  CHECK_FALSE(parsed<LsVerb>({"ls"}).json);
  CHECK(shown({"ls", "web"}).exit_code == 2);
  CHECK(parsed<LogsVerb>({"logs", "--raw"}).raw);
}

}  // namespace berth
