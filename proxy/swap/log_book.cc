#include "proxy/swap/log_book.h"

#include <algorithm>
#include <utility>

namespace berth::swap {

control::LogLine LogBook::append(Generation generation, bool is_stderr, std::string_view text,
                                 std::int64_t unix_ms) {
  return add(
      {.unix_ms = unix_ms, .generation = generation, .is_stderr = is_stderr, .text = std::string(text)});
}

control::LogLine LogBook::append_hook(Generation generation, std::string_view hook, bool is_stderr,
                                      std::string_view text, std::int64_t unix_ms) {
  return add({.unix_ms = unix_ms,
              .generation = generation,
              .is_stderr = is_stderr,
              .text = std::string(text),
              .hook = std::string(hook)});
}

void LogBook::remark(Generation generation, std::string_view text, std::int64_t unix_ms) {
  add({.unix_ms = unix_ms, .generation = generation, .text = std::string(text), .is_remark = true});
}

control::LogLine LogBook::add(control::LogLine line) {
  line.number = ++newest_;
  Page& page = pages_[line.generation];
  page.lines.push_back(line);
  page.bytes += line.text.size();
  while (page.lines.size() > bounds_.lines || (page.bytes > bounds_.bytes && page.lines.size() > 1)) {
    page.bytes -= page.lines.front().text.size();
    page.lines.pop_front();
  }
  while (pages_.size() > bounds_.generations) pages_.erase(pages_.begin());
  std::erase_if(followers_, [](const std::weak_ptr<Follower>& f) { return f.expired(); });
  // A follower may leave, or another come, while it is told.
  const std::vector<std::weak_ptr<Follower>> told = followers_;
  for (const std::weak_ptr<Follower>& weak : told) {
    if (const std::shared_ptr<Follower> follower = weak.lock()) (*follower)(line);
  }
  return line;
}

std::vector<control::LogLine> LogBook::lines(std::uint64_t after, std::size_t limit) const {
  const auto earlier = [](const control::LogLine& a, const control::LogLine& b) {
    return a.number < b.number;
  };
  std::vector<control::LogLine> found;
  for (const auto& [generation, page] : pages_) {
    const auto first = std::find_if(page.lines.begin(), page.lines.end(),
                                    [after](const auto& line) { return line.number > after; });
    const auto middle = static_cast<std::ptrdiff_t>(found.size());
    found.insert(found.end(), first, page.lines.end());
    std::inplace_merge(found.begin(), found.begin() + middle, found.end(), earlier);
  }
  if (found.size() > limit) found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(limit));
  return found;
}

std::vector<std::string> LogBook::last_of(Generation generation, std::size_t limit) const {
  std::vector<std::string> found;
  const auto page = pages_.find(generation);
  if (page == pages_.end()) return found;
  const auto& lines = page->second.lines;
  for (auto line = lines.rbegin(); line != lines.rend() && found.size() < limit; ++line)
    if (!line->is_remark && line->hook.empty()) found.push_back(line->text);
  std::reverse(found.begin(), found.end());
  return found;
}

std::shared_ptr<void> LogBook::follow(std::function<void(const control::LogLine&)> on_line) {
  auto follower = std::make_shared<Follower>(std::move(on_line));
  followers_.push_back(follower);
  return follower;
}

}  // namespace berth::swap
