// Asks as often as told whether the address accepts a connection, and nothing else: a bare connect, closed at
// once. Lives in the driver's loop. Owns its sockets and counts; knows no HTTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "bench/load/dial.h"
#include "bench/load/load.h"

namespace berth::load {

/// One per driver. Its sockets carry `token` in the upper half of their epoll data and their number in the
/// lower.
class Prober {
 public:
  Prober(int epoll, std::uint64_t token, const Address& address, std::chrono::microseconds every);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// Sends the probes that are due and gives up those that wait for over a second.
  void tick(Clock::time_point now);
  /// When tick() wants to be called next; time_point::max() when it is off.
  Clock::time_point next_due() const { return due_; }
  /// `data` and `events` as epoll told them.
  void on_ready(std::uint64_t data, std::uint32_t events, Clock::time_point now);
  /// No more probes; those under way count as failed only if they are refused or too slow already.
  void stop();

  const ProbeResult& result() const { return result_; }

 private:
  void probe(Clock::time_point now);
  void count(int error, Clock::time_point begun, Clock::time_point now);

  int epoll_;
  std::uint64_t token_;
  Address address_;
  std::chrono::microseconds every_;
  Clock::time_point due_ = Clock::time_point::max();
  std::map<int, Clock::time_point> waiting_;
  ProbeResult result_;
};

}  // namespace berth::load
