// The log check: waits for a line of a backend's output that matches. Knows nothing of where lines come from.
#pragma once

#include <regex>
#include <string>
#include <string_view>

#include "backend/sign.h"

namespace berth::backend {

class LogMatch {
 public:
  /// `pattern` as ECMAScript has them; throws std::regex_error, which the configuration has ruled out.
  explicit LogMatch(std::string pattern);

  /// True if this line is the first that matches. A long line is looked at in pieces, so a match longer than
  /// 1 KiB may be missed there.
  bool hear(std::string_view line);

  Sign sign() const;

 private:
  bool matches(std::string_view line) const;

  std::string pattern_;
  std::regex regex_;
  std::string last_line_;
  bool given_ = false;
};

}  // namespace berth::backend
