// An exchange between a client and a backend that exist only in memory, and what becomes of it when any one
// operation of either fails.
#include "proxy/http/exchange.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/unit/http/exchange_world.h"

using namespace berth;
using namespace berth::http;
using berth::test::kGet;
using berth::test::MemoryStream;
using berth::test::Script;
using berth::test::World;
using End = Exchange::End;

namespace {

constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234";

}  // namespace

TEST_CASE("exchange: a request and its response in memory") {
  World world;
  CHECK(world.serve(kGet));
  CHECK(world.end == End::KeepAlive);
  CHECK(world.client.memory().output.ends_with("\r\n\r\nhello"));
  REQUIRE(world.connections.size() == 1);
  CHECK(world.connections[0].stream.output.starts_with("GET / HTTP/1.1\r\n"));
  CHECK_FALSE(world.connections[0].closed);
  CHECK(world.route.idle_connections() == 1);
}

TEST_CASE("exchange: a response that comes byte by byte arrives whole") {
  World world;
  world.most_per_read = 1;
  world.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  CHECK(world.serve(kGet));
  CHECK(world.end == End::KeepAlive);
  CHECK(world.client.memory().output.ends_with("5\r\nhello\r\n0\r\n\r\n"));
}

TEST_CASE("exchange: an answer that is malformed within its first bytes is a 502") {
  for (const char* answer : {"HTTP/1.x", "HTTP/1.1 2\x01", "HTTP/1.1 200\r", "H\n"}) {
    CAPTURE(answer);
    World world;
    world.answer = answer;
    world.closes = true;
    CHECK(world.serve(kGet));
    CHECK(world.client.memory().output.starts_with("HTTP/1.1 502"));
  }
}

TEST_CASE("exchange: whichever operation fails, the client gets a whole answer or sees that it was cut") {
  struct Row {
    const char* name;
    std::string_view request;
    std::string_view later;
    std::string answer;
    std::string awaits;
    bool closes;
  };
  const Row rows[] = {
      {"GET", kGet, "", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "\r\n\r\n", false},
      {"POST", kPost, "56789", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "56789", false},
      {"chunks", kGet, "", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
       "\r\n\r\n", false},
      {"until the close", kGet, "", "HTTP/1.1 200 OK\r\n\r\nhello", "\r\n\r\n", true},
      {"100 first", kPost, "56789",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "\r\n\r\n", false},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.name));
    int operations = 1;
    for (int fails_at = -1; fails_at < operations; ++fails_at) {
      CAPTURE(fails_at);
      World world(fails_at);
      world.answer = row.answer;
      world.awaits = row.awaits;
      world.closes = row.closes;
      const bool ended = world.serve(row.request, row.later);
      if (fails_at < 0) {
        operations = world.fate.done;
        CHECK(ended);
      }
      if (!ended) {
        // Held until another server comes: the refusal of a connection says that this one is dying.
        CHECK(world.route.waiting() == 1);
        continue;
      }
      const std::string& said = world.client.memory().output;
      const bool whole = said.ends_with("hello") || said.ends_with("5\r\nhello\r\n0\r\n\r\n");
      const bool refused = said.find("HTTP/1.1 50") != std::string::npos;
      if (world.end == End::KeepAlive) CHECK((whole || refused));
      // The request reached one backend whole at most, unless it may be repeated.
      std::size_t reached = 0;
      for (const Script& script : world.connections) reached += script.stream.output.empty() ? 0 : 1;
      CHECK(reached <= (row.request == kGet ? 3U : 1U));
      world.task = {};
      CHECK(world.route.counters.in_flight == 0);
      CHECK(world.route.connections() == world.route.idle_connections());
    }
  }
}

TEST_CASE("exchange: the client's request id is kept if it is sane, else one is made, for both sides") {
  const auto id_in = [](const std::string& head) {
    const std::string name = "X-Request-Id: ";
    const std::size_t at = head.find(name);
    if (at == std::string::npos || head.find(name, at + 1) != std::string::npos) return std::string("?");
    return head.substr(at + name.size(), head.find('\r', at) - at - name.size());
  };
  const auto get_with = [](const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  };
  const std::string bad_ones[] = {"", "X-Request-Id: a b\r\n", "x-request-id:\r\n",
                                  "X-Request-Id: " + std::string(129, 'a') + "\r\n",
                                  "X-Request-Id: one\r\nx-request-id: two\r\n"};
  for (const std::string& fields : bad_ones) {
    CAPTURE(fields);
    World world;
    CHECK(world.serve(get_with(fields)));
    const std::string made = id_in(world.connections[0].stream.output);
    CHECK(made.size() == 32);
    CHECK(made.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(id_in(world.client.memory().output) == made);
  }
  World kept;
  kept.client.trusted = true;
  CHECK(kept.serve(get_with("X-Request-Id: mine-1\r\n")));
  CHECK(id_in(kept.connections[0].stream.output) == "mine-1");
  CHECK(id_in(kept.client.memory().output) == "mine-1");
  World theirs;
  theirs.answer = "HTTP/1.1 200 OK\r\nX-Request-Id: backend's\r\nContent-Length: 0\r\n\r\n";
  CHECK(theirs.serve(kGet));
  CHECK(id_in(theirs.client.memory().output) == "backend's");
  World off;
  off.route.fields.request_id = false;
  CHECK(off.serve(get_with("X-Request-Id: a b\r\n")));
  CHECK(id_in(off.connections[0].stream.output) == "a b");
  CHECK(id_in(off.client.memory().output) == "?");
  World refused;
  refused.client.trusted = true;
  refused.route.refuse("not now");
  CHECK(refused.serve(get_with("X-Request-Id: mine-2\r\n")));
  CHECK(refused.client.memory().output.starts_with("HTTP/1.1 503"));
  CHECK(id_in(refused.client.memory().output) == "mine-2");
}

TEST_CASE("exchange: the generation and the times are told where they are asked for") {
  World plain;
  CHECK(plain.serve(kGet));
  CHECK(plain.client.memory().output.find("Server-Timing") == std::string::npos);
  CHECK(plain.client.memory().output.find("Berth-") == std::string::npos);
  World world;
  world.route.fields = {.request_id = false, .server_timing = true, .generation = true};
  world.answer = "HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 5\r\n\r\nhello";
  CHECK(world.serve(kGet));
  CHECK(world.client.memory().output ==
        "HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 5\r\n"
        "Server-Timing: berth;dur=0.000, upstream;dur=0.000\r\nBerth-Generation: 1\r\n\r\nhello");
}

TEST_CASE("exchange: its line in the access log and its place in the metrics") {
  using Text = observe::AccessRecord::Text;
  observe::AccessRing ring(16 * 1024, [] {});
  World world;
  world.client.notes.access = &ring;
  world.client.trusted = true;
  CHECK(
      world.serve("GET /a?b HTTP/1.1\r\nHost: a\r\nReferer: r\r\nuser-agent: u\r\nX-Request-Id: i\r\n\r\n"));
  REQUIRE(ring.front() != nullptr);
  const observe::AccessRecord& record = *ring.front();
  CHECK(record.status == 200);
  CHECK(record.bytes == 5);
  CHECK(record.generation == 1);
  CHECK(record.complete);
  for (const auto& [which, value] : {std::pair{Text::Address, "192.0.2.7"},
                                     {Text::Method, "GET"},
                                     {Text::Target, "/a?b"},
                                     {Text::Referer, "r"},
                                     {Text::UserAgent, "u"},
                                     {Text::RequestId, "i"},
                                     {Text::App, "web"}})
    CHECK(record.get(which) == value);
  CHECK(world.route.tally.by_class[2] == 1);
  CHECK(world.route.tally.took[0] == 1);
  ring.pop();

  World cut;
  cut.client.notes.access = &ring;
  cut.answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello";
  cut.closes = true;
  CHECK(cut.serve(kGet));
  CHECK(cut.end == End::Reset);
  REQUIRE(ring.front() != nullptr);
  CHECK(ring.front()->status == 200);
  CHECK_FALSE(ring.front()->complete);
  ring.pop();

  World left;
  left.client.notes.access = &ring;
  left.answer.clear();
  left.client.memory().ended = true;
  CHECK(left.serve(kPost));
  REQUIRE(ring.front() != nullptr);
  CHECK(ring.front()->status == 499);
  CHECK(left.route.tally.by_class[0] == 1);
}

TEST_CASE("exchange: a large body passes through a pipe, whole or seen to be cut") {
  std::string body;
  while (body.size() < 300'000) body += std::to_string(body.size()) + ",";
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  const std::string small = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const bool cases[] = {false, true};
  for (const bool upload : cases) {
    CAPTURE(upload);
    int operations = 1;
    for (int fails_at = -1; fails_at < operations; ++fails_at) {
      CAPTURE(fails_at);
      observe::AccessRing ring(16 * 1024, [] {});
      World world(fails_at);
      world.client.notes.access = &ring;
      world.through_pipes = world.client.memory().through_pipes = true;
      world.answer = upload ? small : "HTTP/1.1 200 OK\r\n" + length + body;
      if (upload) world.awaits = body.substr(body.size() - 10);
      const bool ended =
          upload ? world.serve("POST / HTTP/1.1\r\nHost: a\r\n" + length, body) : world.serve(kGet);
      world.task = {};
      CHECK(world.loop.pipes().lent() == 0);
      if (!ended) continue;
      const MemoryStream& client = world.client.memory();
      const std::string said =
          client.output.substr(std::min(client.output.find("\r\n\r\n"), client.output.size()));
      const bool refused = client.output.starts_with("HTTP/1.1 50");
      if (world.end == End::KeepAlive && !refused) CHECK((said == "\r\n\r\n" + (upload ? "hello" : body)));
      if (fails_at < 0) {
        operations = world.fate.done;
        CHECK(world.end == End::KeepAlive);
        const Script& backend = world.connections.at(0);
        CHECK((upload ? backend.stream.spliced : client.spliced) >= 3);
        if (upload) CHECK(backend.stream.output.ends_with("\r\n\r\n" + body));
        CHECK(ring.front()->bytes == (upload ? 5 : body.size()));
      } else if (!upload && !refused) {
        CHECK(body.starts_with(said.substr(std::min<std::size_t>(said.size(), 4))));
        if (ring.front()->status == 200) CHECK(ring.front()->bytes <= body.size());
      }
    }
  }
}
