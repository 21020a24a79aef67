// WebSocket clients (RFC 6455): each sends a text of its own ten times a second and wants it back, byte for
// byte; how a connection ended is counted by its code, and it comes back at once. Lives in the driver's loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <random>
#include <string>

#include "bench/load/long_wire.h"
#include "bench/load/response_reader.h"
#include "bench/load/tally.h"

namespace berth::load {

/// All WebSockets of a run. They take messages of one frame; a fragmented one counts as wrong.
class WebSockets {
 public:
  WebSockets(int epoll, std::uint64_t token, LongPlan plan, Tally& tally);

  /// Opens what is due, and sends what is due.
  void tick(Clock::time_point now);
  Clock::time_point next_due() const { return due_; }
  void on_ready(std::uint64_t lane, std::uint32_t events, Clock::time_point now);
  /// Closes those that wait for nothing, and each other one with its echo or at its time limit.
  void stop();
  bool waiting() const;  ///< after stop(): for the echo of a text
  const WebSocketFigures& figures() const { return figures_; }

 private:
  struct Lane {
    LongWire wire;
    ResponseReader reader;  ///< of the answer to the handshake
    std::string in;
    std::string pending;       ///< sent, and not come back
    Clock::time_point said{};  ///< when that was
    bool upgraded = false;
    bool over = false;  ///< this connection is told, and counted
    bool opened_before = false;
    Clock::time_point due = Clock::time_point::min();  ///< of the next open or send
  };

  void open(std::size_t index, Clock::time_point now);
  void say(Lane& lane, Clock::time_point now);
  bool take_head(Lane& lane, Clock::time_point now);
  void take_echo(Lane& lane, const std::string& payload, bool whole, Clock::time_point now);
  bool take_frame(Lane& lane, std::string_view& rest, Clock::time_point now);
  void send_frame(Lane& lane, int opcode, std::string_view payload);
  void again(Lane& lane, Clock::time_point at);
  void ended(Lane& lane, unsigned code, Clock::time_point now);
  void failed(Lane& lane, FailureKind kind, const std::string& why, Clock::time_point now);

  int epoll_;
  std::uint64_t token_;
  LongPlan plan_;
  Tally& tally_;
  std::deque<Lane> lanes_;
  bool stopping_ = false;
  std::uint64_t texts_ = 0;
  std::mt19937 random_{1};
  Clock::time_point due_ = Clock::time_point::max();
  WebSocketFigures figures_;
};

}  // namespace berth::load
