// Whether a starting server that answers with an error will ever answer otherwise: it has given the same
// answer for a while, and its output says nothing new. A value that decides from what it is told; no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace berth::backend {

class SteadyAnswer {
 public:
  using Clock = std::chrono::steady_clock;
  /// How long the answer has to be the same, and for how many questions.
  static constexpr std::chrono::seconds kLongEnough{10};
  static constexpr unsigned kOftenEnough = 6;

  /// A line of output; those before the first answer do not count. What differs from an earlier one by words
  /// with digits alone (times, numbers) is not new: the traceback of each question looks like the one before.
  void hear(std::string_view line, Clock::time_point now);

  /// An answer that is not the wanted one; 0: none that is whole.
  void answered(int status, Clock::time_point now);

  /// How often the last answer has come in a row.
  unsigned times() const { return times_; }

  /// An error of the server's own that nothing is about to change. Not 502, 503 and 504, by which a server
  /// says that it, or what it needs, is not up yet.
  bool is_final(Clock::time_point now) const;

 private:
  int status_ = 0;
  unsigned times_ = 0;
  Clock::time_point since_{};        ///< of the first of these answers
  Clock::time_point last_news_{};    ///< of the last line that was new
  std::vector<std::uint64_t> seen_;  ///< hashes of lines, the oldest overwritten
  std::size_t next_ = 0;
};

}  // namespace berth::backend
