#include "backend/log_match.h"

#include <utility>

namespace berth::backend {
namespace {

constexpr std::size_t kQuoted = 200;

/// Looks at an instruction of the pattern that one line may cost: some 30 ms, whatever the pattern. With 500
/// instructions, which few need, 8 KiB of the line are looked at.
constexpr std::size_t kMostLooks = 4 * 1024 * 1024;

}  // namespace

LogMatch::LogMatch(std::string pattern)
    : text_(std::move(pattern)), pattern_(text_), most_(kMostLooks / pattern_.instructions()) {}

bool LogMatch::hear(std::string_view line) {
  if (given_) return false;
  if (!line.empty()) last_line_ = line.substr(0, kQuoted);
  // What is left out is no end of the line: a byte stands for it that no pattern takes.
  given_ =
      line.size() <= most_ ? pattern_.in(line) : pattern_.in(std::string(line.substr(0, most_)) + '\xff');
  return given_;
}

Sign LogMatch::sign() const {
  if (given_) return {true, "a line matched /" + text_ + "/"};
  return {false, "no line matched /" + text_ + "/; " +
                     (last_line_.empty() ? "it has written nothing" : "last line: " + last_line_)};
}

}  // namespace berth::backend
