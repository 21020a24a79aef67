#include "proxy/control/status_text.h"

#include <doctest/doctest.h>

#include <sstream>

#include "proxy/control/status_table.h"
#include "proxy/control/terminal.h"
#include "tests/unit/control/fake_service.h"

namespace berth::control {
namespace {

AppStatus plain(const std::string& name, const std::string& state) {
  AppStatus app;
  app.name = name;
  app.addresses = {"127.0.0.1:8000"};
  app.state = state;
  return app;
}

// An app in every state that somebody may meet.
FrontStatus many_front() {
  FrontStatus front = example_front();
  front.apps[0].recent = {
      .window_ms = 10'250, .answered = 12'700, .p50_us = 900, .p99_us = 4'200, .max_us = 1'230'000};
  AppStatus& api = front.apps.emplace_back(plain("api", "swapping"));
  api.addresses.emplace_back("[::1]:8000");
  api.recent = {.window_ms = 10'000, .answered = 33, .p50_us = 1, .p99_us = 90'000, .max_us = 90'000};
  api.counters.held = 17;
  api.generations = {
      {Generation{2}, "serving", 511, {}, Endpoint::unix_path("/run/x/api.sock"), 86'400'000, 4, {}},
      {Generation{3}, "starting", 5555, {}, Endpoint{}, 900, 0, {}}};
  AppStatus& worker = front.apps.emplace_back(plain("worker", "waiting"));
  worker.addresses.clear();
  worker.waits_for = "db";
  front.apps.push_back(plain("db", "failed"));
  front.apps.back().swap_queued = true;
  front.apps.push_back(plain("shop", "cancelled"));
  front.apps.push_back(plain("gpu", "vacant"));
  AppStatus& old = front.apps.emplace_back(plain("old", "serving"));
  old.generations = {{Generation{2}, "serving", 0, {}, Endpoint::loopback_v4(9000), 5'000, 0, {}},
                     {Generation{1}, "unreleased", 7, {}, Endpoint::loopback_v4(9001), 9'000, 0, {}}};
  return front;
}

void check_fits(const std::string& text, unsigned columns) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(width_of(line) <= columns);
  }
}

}  // namespace

TEST_CASE("status: fits into 80 columns, whatever the command is") {
  FrontStatus front = example_front();
  front.log_dropped = 12345;
  front.apps[0].command.emplace_back(300, 'x');
  front.apps[0].counters.requests = 123'456'789'012;
  front.apps[0].generations[0].endpoint = *Endpoint::parse("127.127.127.127:65535");
  front.apps[0].addresses = {"127.127.127.127:65535", "[::1]:65535"};
  front.apps[0].name = "a-name-that-is-rather-long";
  front.apps[0].generations[0].pid = 4'194'304;
  const std::string text = status_text(front, 80, false);
  CAPTURE(text);
  check_fits(text, 80);
  CHECK(text.find("12345 log lines dropped") != std::string::npos);
  for (const unsigned columns : {72U, 60U, 50U}) check_fits(status_table(many_front(), columns, false), 80);
}

TEST_CASE("status: one app at 80 columns, with everything about it") {
  FrontStatus front = example_front();
  front.apps[0].recent = {
      .window_ms = 10'250, .answered = 12'700, .p50_us = 900, .p99_us = 4'200, .max_us = 1'230'000};
  CHECK(status_text(front, 80, false) == R"(berth 0.1.0  pid 4000  2 workers  up 3 min

app address        gen  pid  port   age state    req/s    p99 held draining
web 127.0.0.1:8000   7 4132 41507  12 s serving   1239 4.2 ms    0        1
                     6 4100 38211 5 min draining                          1

req/s and p99 are of the last 10 s

web
  command     uvicorn app:app --port {port}
  in          /srv/site
  ready       http=/health, 3 in a row, warm / /slow
  requests    all 12345  failed 0  retried 0  held now 0  held ever 0
              in flight 4
  answered in p50 0.9 ms  p99 4.2 ms  at most 1.23 s
  connections clients 0  tunnels 0  to backend 0  pooled 0
  limits      drain 30s  ready_timeout 45s  stop_grace 7s  max_retiring 3
              stop_to group  body_stall 20s  body_min_rate 0  connect_timeout 2s
              response_timeout 1m  stream_idle off  upstream_idle 4s
              max_upstream 512  hold_timeout 5s  hold_requests 1000
  listener    head_timeout 10s  idle_timeout 1m  max_head 64KiB  max_fields 99
              max_connections 10000  max_per_client 0
)");
}

TEST_CASE("status: many apps at 80 columns") {
  CHECK(status_text(many_front(), 80, false) == R"(berth 0.1.0  pid 4000  2 workers  up 3 min

app    address        gen  pid  port   age state      req/s    p99 held draining
web    127.0.0.1:8000   7 4132 41507  12 s serving     1239 4.2 ms    0        1
                        6 4100 38211 5 min draining                            1
api    127.0.0.1:800…   2  511  unix  24 h swapping     3.3  90 ms   17        0
                        3 5555     -   0 s starting
worker -                -    -     -     - waiting        -      -    -        -
db     127.0.0.1:8000   -    -     -     - failed         -      -    0        0
shop   127.0.0.1:8000   -    -     -     - cancelled      -      -    0        0
gpu    127.0.0.1:8000   -    -     -     - vacant         -      -    0        0
old    127.0.0.1:8000   2    -  9000   5 s serving        -      -    0        0
                        1    7  9001   9 s unreleased                          0

worker: starts when db serves
db: did not start, and is tried again: `berth why db` says why
db: another swap waits for the running one
shop: waiting for `berth swap` or `berth restart`; requests are refused
gpu: waiting for `berth attach` or `berth swap`; requests are held
old: the port of generation 1 is not proven free: `berth why old` says why
req/s and p99 are of the last 10 s
`berth status APP` shows an app's command, requests and limits
)");
}

TEST_CASE("status: many apps at 120 columns") {
  CHECK(status_text(many_front(), 120, false) == R"(berth 0.1.0  pid 4000  2 workers  up 3 min

app     address            gen   pid   port    age  state       req/s     p99  held  draining
web     127.0.0.1:8000       7  4132  41507   12 s  serving      1239  4.2 ms     0         1
                             6  4100  38211  5 min  draining                                1
api     127.0.0.1:8000 +1    2   511   unix   24 h  swapping      3.3   90 ms    17         0
                             3  5555      -    0 s  starting
worker  -                    -     -      -      -  waiting         -       -     -         -
db      127.0.0.1:8000       -     -      -      -  failed          -       -     0         0
shop    127.0.0.1:8000       -     -      -      -  cancelled       -       -     0         0
gpu     127.0.0.1:8000       -     -      -      -  vacant          -       -     0         0
old     127.0.0.1:8000       2     -   9000    5 s  serving         -       -     0         0
                             1     7   9001    9 s  unreleased                              0

worker: starts when db serves
db: did not start, and is tried again: `berth why db` says why
db: another swap waits for the running one
shop: waiting for `berth swap` or `berth restart`; requests are refused
gpu: waiting for `berth attach` or `berth swap`; requests are held
old: the port of generation 1 is not proven free: `berth why old` says why
req/s and p99 are of the last 10 s
`berth status APP` shows an app's command, requests and limits
)");
}

TEST_CASE("status: a narrow terminal loses columns, not the sense") {
  CHECK(status_table(many_front(), 60, false) == R"(berth 0.1.0  pid 4000  2 workers  up 3 min

app    gen  port state      req/s    p99 held draining
web      7 41507 serving     1239 4.2 ms    0        1
         6 38211 draining                            1
api      2  unix swapping     3.3  90 ms   17        0
         3     - starting
worker   -     - waiting        -      -    -        -
db       -     - failed         -      -    0        0
shop     -     - cancelled      -      -    0        0
gpu      -     - vacant         -      -    0        0
old      2  9000 serving        -      -    0        0
         1  9001 unreleased                          0

worker: starts when db serves
db: did not start, and is tried again: `berth why db` says why
db: another swap waits for the running one
shop: waiting for `berth swap` or `berth restart`; requests are refused
gpu: waiting for `berth attach` or `berth swap`; requests are held
old: the port of generation 1 is not proven free: `berth why old` says why
req/s and p99 are of the last 10 s
)");
}

TEST_CASE("status: of one app among several everything is told, and colours are only added") {
  const std::string text = status_text(many_front(), 80, false, "web");
  CHECK(text.find("uvicorn app:app --port {port}") != std::string::npos);
  CHECK(text.find("hold_timeout 5s") != std::string::npos);
  CHECK(text.find("berth status APP") == std::string::npos);
  CHECK(text.find('\x1b') == std::string::npos);
  std::string painted = status_text(many_front(), 80, true, "web");
  CHECK(painted.find("\x1b[32mserving\x1b[0m") != std::string::npos);
  for (auto at = painted.find('\x1b'); at != std::string::npos; at = painted.find('\x1b'))
    painted.erase(at, painted.find('m', at) - at + 1);
  CHECK(painted == text);
}

}  // namespace berth::control
