// berth's way of a request and its response without a socket: the real exchange, between a client and a
// backend that exist in memory.
#pragma once

#include <atomic>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/exchange.h"
#include "tests/unit/http/memory_peers.h"

namespace berth::fuzz {

/// How the bytes come: nothing of it may matter to what they mean.
struct Pieces {
  std::size_t with_head = 0;  ///< bytes that come together with a request's head
  std::size_t read = std::string::npos;
};

class MemoryFront {
 public:
  explicit MemoryFront(const Pieces& pieces);
  ~MemoryFront();
  MemoryFront(const MemoryFront&) = delete;
  MemoryFront& operator=(const MemoryFront&) = delete;

  /// What the backend gives for each whole request; or, `raw`, at once, and then closes.
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  bool raw = false;

  /// What the client sends: requests, one behind the other, until one is not answered to its end.
  void serve(std::string_view bytes);

  /// What the backend was sent on each connection.
  std::vector<std::string> sent() const;
  const std::string& told() { return client_.memory().output; }
  /// Of the last exchange; nullopt: it waits for more, or there was none.
  std::optional<http::Exchange::End> end() const { return end_; }

 private:
  struct Connection {
    explicit Connection(test::Fate& fate) : script(fate) {}
    test::Script script;
    std::size_t answered = 0;  ///< of its output
  };

  static std::unique_ptr<route::Upstream> connect(loop::Loop&, route::Target& target);
  bool exchange(std::string_view bytes);
  bool turn();
  loop::Task<> run();

  static inline MemoryFront* current_ = nullptr;
  const Pieces pieces_;
  test::Fate fate_;
  loop::Loop loop_;  // never started: turned by hand
  std::atomic<std::uint32_t> held_{0};
  std::deque<Connection> connections_;
  route::AppRoute route_;
  test::MemoryClient client_;
  std::string view_;
  loop::Task<> task_;
  std::optional<http::Exchange::End> end_;
};

}  // namespace berth::fuzz
