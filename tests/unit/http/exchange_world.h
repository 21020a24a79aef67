// An exchange between a client and a backend that exist only in memory.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "proxy/http/exchange.h"
#include "tests/unit/http/memory_peers.h"

namespace berth::test {

/// One request, from its bytes to the end. The connector is a plain function, so the world is found by name.
struct World {
  explicit World(int fails_at = -1)
      : fate{.fails_at = fails_at},
        route(loop, "web", {.user = {}, .most_connections = 8, .connector = &World::connect}, held),
        client(loop, fate) {
    current = this;
    route.switch_to(Generation{1}, Endpoint::loopback_v4(1));
  }
  ~World() { current = nullptr; }
  void sign(const std::string& pseudonym) {
    route.pseudonym = pseudonym;
    route.signature = via_line(pseudonym);
  }
  static std::unique_ptr<route::Upstream> connect(loop::Loop&, route::Target& target) {
    World& world = *current;
    Script& script = world.connections.emplace_back(world.fate);
    script.answer = world.answer;
    script.awaits = world.awaits;
    script.closes = world.closes;
    script.dies = world.dies;
    script.stream.most_per_read = world.most_per_read;
    script.stream.through_pipes = world.through_pipes;
    return std::make_unique<MemoryUpstream>(target, script, world.fate);
  }

  /// False: it sleeps, and nothing is left to wake it but time.
  bool serve(std::string_view request, std::string_view later = {}) {
    HeadError error;
    bytes = request;
    REQUIRE(read_request_head(bytes, client.head_limits(), client.heads().request, error) ==
            HeadResult::Complete);
    client.memory().input = later;
    task = run();
    task.start();
    for (int turn = 0; turn < turns && !end; ++turn) {
      bool moved = wake(client.gate(), client.memory().ready());
      for (Script& script : connections) {
        MemoryStream& stream = script.stream;
        const bool asked = stream.output.find(script.awaits) != std::string::npos;
        if (asked && script.dies && !stream.ended) {
          stream.ended = true;
          if (on_death) on_death();
        }
        if (asked && !script.answer.empty()) {
          stream.input += std::exchange(script.answer, {});
          stream.ended = script.closes;
        }
        if (script.gate != nullptr) moved = wake(*script.gate, stream.ready() << 3) || moved;
      }
      loop.io().restart();
      if (!moved && loop.io().poll() == 0) return false;
    }
    return end.has_value();
  }
  /// The next request of the same client, whose first one is over. The pooled connection is to give `answer`.
  bool serve_next(std::string_view request) {
    end.reset();
    for (Script& script : connections) {
      script.answer = script.closed ? std::string() : answer;
      script.stream.output.clear();
    }
    client.memory().output.clear();
    return serve(request);
  }
  bool wake(loop::Gate& gate, loop::Wakes bits) {
    if (bits == 0 || end) return false;
    gate.raise(bits);
    return true;
  }
  loop::Task<> run() {
    auto exchange = serve_exchange(client, route, bytes);
    const Exchange::End how = co_await exchange;
    end = how;
  }

  static inline World* current = nullptr;
  Fate fate;
  loop::Loop loop;  // never started: the test turns it by hand
  std::atomic<std::uint32_t> held{0};
  std::deque<Script> connections;
  route::AppRoute route;
  MemoryClient client;
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  std::string awaits = "\r\n\r\n";
  int turns = 10'000;
  bool closes = false;
  bool dies = false;
  std::function<void()> on_death;
  std::size_t most_per_read = std::string::npos;
  bool through_pipes = false;
  std::string bytes;
  loop::Task<> task;
  std::optional<Exchange::End> end;
};

inline constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace berth::test
