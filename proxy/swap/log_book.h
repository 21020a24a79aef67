// The last output of one app's backends: numbered over all generations, bounded for each, so that a noisy one
// costs no other its lines, and who follows it. Knows no process and no file. Lives on the control loop.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/control/service.h"

namespace berth::swap {

class LogBook {
 public:
  struct Bounds {
    std::size_t lines = 2'000;        ///< of one generation
    std::size_t bytes = 1024 * 1024;  ///< of one generation
    std::size_t generations = 8;      ///< that have lines; the oldest is forgotten for a new one
  };

  explicit LogBook(Bounds bounds) : bounds_(bounds) {}
  LogBook() : LogBook(Bounds{}) {}

  /// Remembers a line, forgets the oldest beyond the bounds, tells the followers.
  control::LogLine append(Generation generation, bool is_stderr, std::string_view text, std::int64_t unix_ms);

  /// The same of a hook's line, which is none of the backend's.
  control::LogLine append_hook(Generation generation, std::string_view hook, bool is_stderr,
                               std::string_view text, std::int64_t unix_ms);

  /// A word of berth's own between the lines: told as a line, but none of the backend's.
  void remark(Generation generation, std::string_view text, std::int64_t unix_ms);

  /// Lines with number > `after`, the newest `limit` of them, oldest first.
  std::vector<control::LogLine> lines(std::uint64_t after, std::size_t limit) const;

  /// The newest `limit` lines that one generation itself wrote, oldest first.
  std::vector<std::string> last_of(Generation generation, std::size_t limit) const;

  /// Calls `on_line` for each new line until the handle is destroyed.
  std::shared_ptr<void> follow(std::function<void(const control::LogLine&)> on_line);

 private:
  using Follower = std::function<void(const control::LogLine&)>;

  struct Page {
    std::deque<control::LogLine> lines;
    std::size_t bytes = 0;
  };

  control::LogLine add(control::LogLine line);

  const Bounds bounds_;
  std::map<Generation, Page> pages_;
  std::uint64_t newest_ = 0;
  std::vector<std::weak_ptr<Follower>> followers_;
};

}  // namespace berth::swap
