#include "backend/steady_answer.h"

#include <algorithm>
#include <functional>
#include <string>

namespace berth::backend {
namespace {

constexpr std::size_t kMostLines = 512;
constexpr std::size_t kLookedAt = 512;

bool has_digit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::uint64_t hash_without_numbers(std::string_view line) {
  line = line.substr(0, kLookedAt);
  std::string words;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, end);
    if (!has_digit(word)) words.append(word).append(" ");
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return std::hash<std::string>{}(words);
}

}  // namespace

void SteadyAnswer::hear(std::string_view line, Clock::time_point now) {
  if (times_ == 0) return;
  const std::uint64_t hash = hash_without_numbers(line);
  if (std::find(seen_.begin(), seen_.end(), hash) != seen_.end()) return;
  last_news_ = now;
  if (seen_.size() < kMostLines)
    seen_.push_back(hash);
  else
    seen_[next_++ % kMostLines] = hash;
}

void SteadyAnswer::answered(int status, Clock::time_point now) {
  if (status == status_ && times_ != 0) {
    ++times_;
    return;
  }
  status_ = status;
  times_ = 1;
  since_ = now;
}

bool SteadyAnswer::is_final(Clock::time_point now) const {
  const bool own_error = status_ >= 500 && status_ != 502 && status_ != 503 && status_ != 504;
  return own_error && times_ >= kOftenEnough && now - std::max(since_, last_news_) >= kLongEnough;
}

}  // namespace berth::backend
