// The options of `berth load` as values, and one clear error for each that means nothing.
#include <doctest/doctest.h>

#include "config/command_line.h"

namespace berth {
namespace {

using Words = std::vector<std::string>;

Words load(Words more) {
  more.insert(more.begin(), "load");
  return more;
}

LoadVerb parsed(const Words& words) {
  Verb verb = parse_command_line(load(words));
  if (const auto* text = std::get_if<ShowText>(&verb)) FAIL(text->text);
  return std::get<LoadVerb>(verb);
}

}  // namespace

TEST_CASE("load options: each arrives under its own name") {
  const auto verb = parsed({"http://a/",
                            "http://b/x",
                            "-c",
                            "8",
                            "-r",
                            "0.5",
                            "-d",
                            "1m",
                            "-n",
                            "100",
                            "--mix",
                            "get=80%,post=20%@/echo",
                            "--mix",
                            "websocket=4@/ws,download=2",
                            "--request-file",
                            "r.txt",
                            "--header",
                            "A: b",
                            "--header",
                            "C: d",
                            "--probe",
                            "1ms",
                            "--timeout",
                            "2s",
                            "--seed",
                            "7",
                            "--json",
                            "-",
                            "--html",
                            "x.html",
                            "--max-failed",
                            "0",
                            "--max-p99",
                            "50ms",
                            "--max-gap",
                            "20ms"});
  CHECK(verb.urls == Words{"http://a/", "http://b/x"});
  CHECK(verb.connections == 8);
  CHECK(verb.rate == 0.5);
  CHECK(verb.duration == Milliseconds(60'000));
  CHECK(verb.requests == 100);
  REQUIRE(verb.mix.size() == 4);
  CHECK(verb.mix[0].kind == "get");
  CHECK(verb.mix[0].amount == 80);
  CHECK(verb.mix[0].percent);
  CHECK(verb.mix[1].target == "/echo");
  CHECK(verb.mix[2].kind == "websocket");
  CHECK(verb.mix[2].amount == 4);
  CHECK_FALSE(verb.mix[2].percent);
  CHECK(verb.mix[3].target.empty());
  CHECK(verb.request_file == "r.txt");
  CHECK(verb.headers == Words{"A: b", "C: d"});
  CHECK(verb.probe == Milliseconds(1));
  CHECK(verb.timeout == Milliseconds(2'000));
  CHECK(verb.seed == 7);
  CHECK(verb.json == "-");
  CHECK(verb.html == "x.html");
  CHECK(verb.max_failed == 0);
  CHECK(verb.max_p99_ms == 50);
  CHECK(verb.max_gap_ms == 20);
  CHECK(verb.words.front() == "load");
}

TEST_CASE("load options: what restarts the server") {
  const auto swaps = parsed({"http://a/", "--swaps", "50", "--control", "/tmp/x.sock", "--app", "web"});
  CHECK(swaps.swaps == 50);
  CHECK(swaps.swap_every == Milliseconds(1'000));
  CHECK(swaps.target.control == "/tmp/x.sock");
  CHECK(swaps.target.app == "web");
  CHECK(parsed({"http://a/", "--swap-every", "2s"}).swap_every == Milliseconds(2'000));
  const auto each = parsed({"http://a/", "--each", "5s", "--", "nginx", "-s", "reload"});
  CHECK(each.each == Milliseconds(5'000));
  CHECK(each.command == Words{"nginx", "-s", "reload"});
  CHECK(each.words == Words{"load", "http://a/", "--each", "5s", "--", "nginx", "-s", "reload"});
  CHECK(parsed({"--compare", "a.json", "b.json"}).compare == Words{"a.json", "b.json"});
  // Nothing is given, nothing is set.
  const auto bare = parsed({"http://a/"});
  CHECK(bare.swap_every.count() + bare.each.count() + bare.duration.count() == 0);
  CHECK_FALSE(bare.max_failed.has_value());
}

TEST_CASE("load options: what means nothing is one clear error") {
  struct Row {
    Words words;
    std::string what;
  };
  const std::vector<Row> rows = {
      {{}, "load needs a URL: berth load http://127.0.0.1:8000/"},
      {{"u", "-c", "0"}, "--connections '0' is not a whole number from 1 on"},
      {{"u", "-c", "many"}, "--connections 'many' is not a whole number from 1 on"},
      {{"u", "-c", "100001"}, "--connections is at most 100000"},
      {{"u", "-n", "1.5"}, "--requests '1.5' is not a whole number from 1 on"},
      {{"u", "--swaps", "0"}, "--swaps '0' is not a whole number from 1 on"},
      {{"u", "--seed=-1"}, "--seed '-1' is not a whole number from 0 on"},
      {{"u", "--max-failed", "x"}, "--max-failed 'x' is not a whole number from 0 on"},
      {{"u", "-r", "0"}, "--rate '0' is not a number of requests a second: write 500 or 0.5"},
      {{"u", "-r", "nan"}, "--rate 'nan' is not a number of requests a second: write 500 or 0.5"},
      {{"u", "-d", "10"}, R"(--duration '10' is not a time: write "50ms", "2s" or "5m")"},
      {{"u", "-d", "0s"}, R"(--duration '0s' is not a time: write "50ms", "2s" or "5m")"},
      {{"u", "--max-p99", "fast"}, R"(--max-p99 'fast' is not a time: write "50ms", "2s" or "5m")"},
      {{"u", "--max-gap", "off"}, R"(--max-gap 'off' is not a time: write "50ms", "2s" or "5m")"},
      {{"u", "--mix", "gte=10%"}, "--mix: there is no kind 'gte': did you mean 'get'?"},
      {{"u", "--mix", "post"}, "--mix 'post' needs a share or a number: post=10% or post=4"},
      {{"u", "--mix", "post=101%"}, "--mix 'post=101%' needs a share or a number: post=10% or post=4"},
      {{"u", "--mix", "post=60%,get=50%"}, "--mix: the shares come to 110 %"},
      {{"u", "--mix", "post=10%@echo"},
       "--mix 'post=10%@echo': a path behind @ starts with /, as in post=10%@/echo"},
      {{"u", "--mix", "events=10%"},
       "--mix 'events=10%': events takes a number of connections, as in events=4"},
      {{"u", "--mix", "events=1,websocket=1", "-n", "9"},
       "--requests counts requests, and the mix sends none: give --duration"},
      {{"u", "--each", "1s"}, "--each needs a command behind `--`"},
      {{"u", "--", "ls"}, "a command behind `--` needs --each TIME"},
      {{"u", "--each", "1s", "--swaps", "2", "--", "ls"},
       "--each runs a command, --swaps asks a berth: give one of them"},
      {{"u", "--header", "none"}, "--header 'none' is not \"NAME: VALUE\""},
      {{"u", "--header", ": x"}, "--header ': x' is not \"NAME: VALUE\""},
      {{"u", "--header", "A: b\r\nC: d"}, "--header 'A: b\r\nC: d' is not \"NAME: VALUE\""},
      {{"u", "--compare", "a", "b"}, "--compare looks at two reports and runs nothing: leave the URL out"},
  };
  for (const Row& row : rows) {
    const Verb verb = parse_command_line(load(row.words));
    const auto* text = std::get_if<ShowText>(&verb);
    INFO(row.what);
    REQUIRE(text != nullptr);
    CHECK(text->exit_code == 2);
    CHECK(text->text == "berth: " + row.what + "\nsee: berth load --help\n");
  }
}

}  // namespace berth
