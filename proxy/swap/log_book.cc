#include "proxy/swap/log_book.h"

#include <algorithm>
#include <utility>

namespace berth::swap {

control::LogLine LogBook::append(Generation generation, bool is_stderr, std::string_view text,
                                 std::int64_t unix_ms) {
  const control::LogLine line{.number = ++newest_,
                              .unix_ms = unix_ms,
                              .generation = generation,
                              .is_stderr = is_stderr,
                              .text = std::string(text)};
  lines_.push_back(line);
  bytes_ += text.size();
  while (lines_.size() > bounds_.lines || (bytes_ > bounds_.bytes && lines_.size() > 1)) {
    bytes_ -= lines_.front().text.size();
    lines_.pop_front();
  }
  std::erase_if(followers_, [](const std::weak_ptr<Follower>& f) { return f.expired(); });
  // A follower may leave, or another come, while it is told.
  const std::vector<std::weak_ptr<Follower>> told = followers_;
  for (const std::weak_ptr<Follower>& weak : told) {
    if (const std::shared_ptr<Follower> follower = weak.lock()) (*follower)(line);
  }
  return line;
}

std::vector<control::LogLine> LogBook::lines(std::uint64_t after, std::size_t limit) const {
  auto first =
      std::find_if(lines_.begin(), lines_.end(), [after](const auto& line) { return line.number > after; });
  const auto found = static_cast<std::size_t>(lines_.end() - first);
  if (found > limit) first += static_cast<std::ptrdiff_t>(found - limit);
  return {first, lines_.end()};
}

std::vector<std::string> LogBook::last_of(Generation generation, std::size_t limit) const {
  std::vector<std::string> found;
  for (auto line = lines_.rbegin(); line != lines_.rend() && found.size() < limit; ++line) {
    if (line->generation == generation) found.push_back(line->text);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

std::shared_ptr<void> LogBook::follow(std::function<void(const control::LogLine&)> on_line) {
  auto follower = std::make_shared<Follower>(std::move(on_line));
  followers_.push_back(follower);
  return follower;
}

}  // namespace berth::swap
