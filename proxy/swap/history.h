// What has served one app, so that a rollback finds its way: each command once in a row, however often it was
// started again. Knows no generation's process and no clock. Lives on the control loop.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/endpoint.h"
#include "proxy/observe/history.h"

namespace berth::swap {

/// What a generation was started with.
struct ServedAs {
  std::vector<std::string> command{};
  std::optional<Endpoint> external{};  ///< a server that runs already, instead of a command
  std::string dir{};
  std::map<std::string, std::string> env{};

  bool operator==(const ServedAs&) const = default;
};

class History {
 public:
  static constexpr std::size_t kKept = 50;

  struct Row {
    observe::ServedCommand told;
    ServedAs what;
  };

  /// `generation` serves from now on.
  void served(const ServedAs& what, Generation generation, std::int64_t unix_ms);
  /// `generation` serves no longer, and not because another took its place.
  void ended(Generation generation, observe::ServedOutcome outcome, const std::string& detail,
             std::int64_t unix_ms);

  /// nullptr: there is none of that number, or not any more.
  const Row* find(std::uint64_t number) const;
  /// The last that differs from `now`; nullptr: there is none.
  const Row* last_other_than(const ServedAs& now) const;
  /// Newest first.
  std::vector<observe::ServedCommand> rows() const;

 private:
  std::uint64_t newest_ = 0;
  std::deque<Row> rows_;  ///< newest first
};

}  // namespace berth::swap
