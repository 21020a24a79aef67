// The socket of a client that stays: connects, sends what is queued, reads what comes. Lives in the driver's
// loop and is driven by its epoll set; knows no protocol.
#pragma once

#include <string>
#include <string_view>

#include "bench/load/dial.h"

namespace berth::load {

/// The lanes of one kind, with what the driver has made of the plan.
struct LongPlan {
  LongLanes lanes;
  Address address;
  std::string host;
  std::chrono::milliseconds timeout{10'000};  ///< for the answer to the first request, and for each echo
};

/// One connection after the other. Not copyable: it owns its descriptor.
class LongWire {
 public:
  LongWire() = default;
  ~LongWire() { close(); }
  LongWire(const LongWire&) = delete;
  LongWire& operator=(const LongWire&) = delete;

  /// Begins to connect, edge-triggered under `token`, and queues `first`. False: see kind() and why().
  bool open(int epoll, std::uint64_t token, const Address& address, std::string first);
  /// `events` as epoll told them; what came is appended to `in`, at most a MiB at a time. False: the
  /// connection is over.
  bool on_ready(std::uint32_t events, std::string& in);
  /// Sends, or queues what does not go out yet.
  void send(std::string_view bytes);
  void close();

  bool is_open() const { return fd_ >= 0; }
  FailureKind kind() const { return kind_; }       ///< how it failed
  const std::string& why() const { return why_; }  ///< empty: the peer closed it in order

 private:
  bool failed(DialFault fault);
  void flush();

  int epoll_ = -1;
  std::uint64_t token_ = 0;
  int fd_ = -1;
  bool connecting_ = false;
  std::string out_;
  FailureKind kind_ = FailureKind::Reset;
  std::string why_;
};

}  // namespace berth::load
