// Waiting for what sends no event: asks again at short intervals, with a deadline. Where there is an event (a
// line of output, the end of a process, a byte on a socket), wait for that instead.
#pragma once

#include <chrono>
#include <thread>

namespace berth::test {

/// True as soon as `holds()` is; false at the deadline.
template <typename Predicate>
bool wait_until(Predicate holds, std::chrono::milliseconds deadline = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace berth::test
