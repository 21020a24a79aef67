// GET /metrics, on the control socket and on an address, as Prometheus itself reads it.
#include <doctest/doctest.h>

#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "tests/e2e/checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string file_with_metrics(const std::string& address = "127.0.0.1:0") {
  return "[front]\nmetrics = \"" + address +
         "\"\n[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml() +
         "\nstop = { grace = \"2s\" }\n";
}

/// The port in "metrics on http://127.0.0.1:PORT/metrics".
std::uint16_t metrics_port(BerthProcess& berth) {
  const std::string mark = "metrics on http://127.0.0.1:";
  REQUIRE(berth.child().wait_output("/metrics\n", 10s));
  const std::string out = berth.output();
  const auto at = out.find(mark);
  REQUIRE(at != std::string::npos);
  return static_cast<std::uint16_t>(std::stoi(out.substr(at + mark.size())));
}

/// Of Debian's package, which ./dev test unpacks: installed, it would start a service.
std::string prometheus_tool(const std::string& name) {
  const std::string unpacked = std::string(BERTH_PROMETHEUS) + "/" + name;
  return std::filesystem::exists(unpacked) ? unpacked : name;
}

}  // namespace

TEST_CASE("metrics: the control socket and the address say the same, and nothing else is there") {
  BerthProcess berth({.file = file_with_metrics()});
  REQUIRE(berth.wait_serving());
  const std::uint16_t port = metrics_port(berth);
  CHECK(get(berth.port(), "/").status == 200);
  REQUIRE(berth.swap().exit_code == 0);
  const RawResponse page = get(port, "/metrics");
  CHECK(page.status == 200);
  CHECK(page.field("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  const auto curl =
      run_command({.command = {"curl", "-s", "--unix-socket", berth.control(), "http://berth/metrics"}});
  for (const std::string& text : {page.body, curl.out}) {
    CAPTURE(text);
    CHECK(has(text, "\nberth_generation{app=\"web\"} 2\n"));
    CHECK(has(text, "\nberth_swaps_total{app=\"web\",outcome=\"done\"} 2\n"));
    CHECK(has(text, "\nberth_retirements_total{app=\"web\",outcome=\"released\"} 1\n"));
    CHECK_FALSE(has(text, "\nberth_requests_total{app=\"web\",code=\"2xx\"} 0\n"));
  }
  CHECK(get(port, "/metrics?x=1").status == 200);
  for (const char* other : {"/", "/v1/status", "/metrics/"}) CHECK(get(port, other).status == 404);
  RawClient poster(port);
  poster.send("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
  CHECK(poster.read_response().status == 405);
  RawClient head(port);
  head.send("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(head.read_response(true).status == 200);
  RawClient nonsense(port);
  nonsense.send("hello\r\n\r\n");
  CHECK(nonsense.read_response().status == 400);
  RawClient silent(port);  // stops nobody, and not the end
  CHECK(get(port, "/metrics").status == 200);
  check_clean_stop(berth);
}

TEST_CASE("metrics: limits that were met are counted by name") {
  BerthProcess berth({.file = file_with_metrics()});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n");
  CHECK(client.read_response().status == 431);
  const std::string text = get(metrics_port(berth), "/metrics").body;
  CAPTURE(text);
  CHECK(has(text, "\nberth_limit_hits_total{app=\"\",limit=\"max_head\"} 1\n"));
  CHECK(has(text, "\nberth_requests_total{app=\"\",code=\"4xx\"} 1\n"));
  check_clean_stop(berth);
}

TEST_CASE("metrics: a busy address is an error that names who has it") {
  const HeldSocket holder(SocketWish{});
  const TempDir dir;
  write_file(dir / "berth.toml", file_with_metrics("127.0.0.1:" + std::to_string(holder.port())));
  const auto run =
      run_command({.command = {berth_binary(), "run", "--control", dir / "c"}, .dir = dir.path()});
  CHECK(run.exit_code == 1);
  check_screen(run, {"metrics: cannot listen on 127.0.0.1:" + std::to_string(holder.port()),
                     "the port is taken", "pid " + std::to_string(::getpid()),
                     "free that address, or choose another for `metrics` in [front]"});
}

TEST_CASE("metrics: promtool finds nothing to say against them, and Prometheus scrapes them") {
  BerthProcess berth({.file = file_with_metrics()});
  REQUIRE(berth.wait_serving());
  const std::string address = "127.0.0.1:" + std::to_string(metrics_port(berth));
  const auto checked = run_command({.command = {"/bin/sh", "-c",
                                                "curl -sf http://" + address + "/metrics | " +
                                                    prometheus_tool("promtool") + " check metrics"}});
  INFO(checked.all());
  CHECK(checked.exit_code == 0);
  CHECK(checked.out.empty());
  CHECK(checked.err.empty());

  const TempDir dir;
  write_file(dir / "prometheus.yml",
             "scrape_configs:\n  - job_name: berth\n    scrape_interval: 1s\n    static_configs:\n      - "
             "targets: ['" +
                 address + "']\n");
  // berth gives it a port that is nobody else's, and tells it.
  ChildProcess prometheus(
      {.command = {berth_binary(), "exec", "--direct", "--control", dir / "c", "--ready", "http=/-/ready",
                   "--", prometheus_tool("prometheus"), "--config.file", dir / "prometheus.yml",
                   "--storage.tsdb.path", dir / "data", "--web.listen-address=127.0.0.1:{port}",
                   ":::", "/bin/sh", "-c", "echo port $BERTH_PORT.; exec tail -f /dev/null"},
       .dir = dir.path()});
  REQUIRE(prometheus.wait_output(".\n", 60s));
  const auto port = static_cast<std::uint16_t>(std::stoi(prometheus.out().substr(5)));
  std::string found;
  const bool scraped = wait_until(
      [&] {
        found = get(port, "/api/v1/query?query=berth_generation").body;
        return has(found, "\"app\":\"web\"") && has(found, "\"1\"]");
      },
      30s);
  INFO(found);
  CHECK(scraped);
  prometheus.signal(SIGTERM);
  CHECK(prometheus.wait_exit(30s));
  check_clean_stop(berth);
}
