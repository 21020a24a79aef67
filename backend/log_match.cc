#include "backend/log_match.h"

#include <utility>

namespace berth::backend {
namespace {

constexpr std::size_t kQuoted = 200;

}  // namespace

LogMatch::LogMatch(std::string pattern) : text_(std::move(pattern)), pattern_(text_) {}

bool LogMatch::hear(std::string_view line) {
  if (given_) return false;
  if (!line.empty()) last_line_ = line.substr(0, kQuoted);
  given_ = pattern_.in(line);
  return given_;
}

Sign LogMatch::sign() const {
  if (given_) return {true, "a line matched /" + text_ + "/"};
  return {false, "no line matched /" + text_ + "/; " +
                     (last_line_.empty() ? "it has written nothing" : "last line: " + last_line_)};
}

}  // namespace berth::backend
