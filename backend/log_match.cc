#include "backend/log_match.h"

#include <algorithm>

namespace berth::backend {
namespace {

// The library's matcher recurses once for each character: what a backend prints must not cost berth its
// stack.
constexpr std::size_t kPiece = 2 * 1024;
constexpr std::size_t kOverlap = kPiece / 2;
constexpr std::size_t kQuoted = 200;

}  // namespace

LogMatch::LogMatch(std::string pattern) : pattern_(std::move(pattern)), regex_(pattern_) {}

bool LogMatch::hear(std::string_view line) {
  if (given_) return false;
  if (!line.empty()) last_line_ = line.substr(0, kQuoted);
  given_ = matches(line);
  return given_;
}

bool LogMatch::matches(std::string_view line) const {
  using std::regex_constants::match_default;
  for (std::size_t at = 0;; at += kOverlap) {
    const std::string_view piece = line.substr(at, kPiece);
    const bool last = at + piece.size() == line.size();
    auto flags = match_default;
    if (at > 0) flags |= std::regex_constants::match_prev_avail;
    if (!last) flags |= std::regex_constants::match_not_eol;
    if (std::regex_search(piece.begin(), piece.end(), regex_, flags)) return true;
    if (last) return false;
  }
}

Sign LogMatch::sign() const {
  if (given_) return {true, "a line matched /" + pattern_ + "/"};
  return {false, "no line matched /" + pattern_ + "/; " +
                     (last_line_.empty() ? "it has written nothing" : "last line: " + last_line_)};
}

}  // namespace berth::backend
