// The log check: waits for a line of a backend's output that matches. Knows nothing of where lines come from.
#pragma once

#include <string>
#include <string_view>

#include "backend/sign.h"
#include "config/pattern.h"

namespace berth::backend {

class LogMatch {
 public:
  /// `pattern` has no fault, see pattern_fault().
  explicit LogMatch(std::string pattern);

  /// True if this line is the first that matches. Of a long line only the beginning is looked at where the
  /// pattern is large: a line takes some 30 ms at most.
  bool hear(std::string_view line);

  Sign sign() const;

 private:
  std::string text_;
  Pattern pattern_;
  std::size_t most_;  ///< bytes of a line that are looked at
  std::string last_line_;
  bool given_ = false;
};

}  // namespace berth::backend
