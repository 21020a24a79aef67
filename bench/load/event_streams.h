// Clients of event streams (text/event-stream): each holds one, comes back at once when it ends, says by
// Last-Event-ID what it had, and counts what is left out or comes again. Lives in the driver's loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "bench/load/long_wire.h"
#include "bench/load/response_reader.h"
#include "bench/load/tally.h"

namespace berth::load {

/// What one stream's text says: UTF-8, with or without a byte order mark, its lines ended by CR, LF or both
/// (WHATWG HTML §9.2.5). Pure.
class EventReader {
 public:
  /// Counts the events that end within `text`, and the gaps and repeats of their ids.
  void feed(std::string_view text, EventFigures& figures);
  /// A line was longer than any that is kept: what follows is not read.
  bool overlong() const { return line_.size() > kMaxLine; }
  /// Nothing of an event is pending.
  bool at_boundary() const { return line_.empty() && !begun_; }
  /// A new connection: what was pending is given up.
  void restart();
  const std::string& last_id() const { return last_id_; }

 private:
  void line(EventFigures& figures);
  void dispatch(EventFigures& figures);
  static constexpr std::size_t kMaxLine = 1024 * 1024;
  std::string line_;
  bool at_start_ = true;   ///< of the stream: a byte order mark may stand here
  bool after_cr_ = false;  ///< an LF that comes now belongs to it
  bool begun_ = false;
  std::optional<std::string> id_;  ///< of the event that is pending: had when it is whole
  std::string last_id_;
  std::optional<std::uint64_t> highest_;
};

/// All streams of a run.
class EventStreams {
 public:
  EventStreams(int epoll, std::uint64_t token, LongPlan plan, Tally& tally);

  /// Opens the streams that are due.
  void tick(Clock::time_point now);
  Clock::time_point next_due() const { return due_; }
  void on_ready(std::uint64_t lane, std::uint32_t events, Clock::time_point now);
  /// Closes them all.
  void stop();
  const EventFigures& figures() const { return figures_; }

 private:
  struct Lane {
    LongWire wire;
    ResponseReader reader;
    EventReader events;
    bool answered = false;
    bool opened_before = false;
    Clock::time_point due = Clock::time_point::max();  ///< when to open it, or to give up
  };

  void open(std::size_t index, Clock::time_point now);
  void failed(Lane& lane, FailureKind kind, const std::string& why, Clock::time_point now);
  void again(Lane& lane, Clock::time_point at);

  int epoll_;
  std::uint64_t token_;
  LongPlan plan_;
  Tally& tally_;
  std::deque<Lane> lanes_;
  Clock::time_point due_ = Clock::time_point::max();
  std::string in_;
  EventFigures figures_;
};

}  // namespace berth::load
