#include "config/config_error.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

namespace berth {
namespace {

// How many letters are added, left out, replaced or swapped with the next one.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

/// Cuts ":12" off the end.
std::optional<unsigned> cut_number(std::string_view& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  unsigned number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  text = text.substr(0, colon);
  return number;
}

/// A sentence that quotes a value need not quote a megabyte.
std::string shortened(std::string what) {
  constexpr std::size_t kEnd = 150;
  if (what.size() <= 4 * kEnd) return what;
  const auto within = [&](std::size_t at) { return (static_cast<unsigned char>(what[at]) & 0xc0U) == 0x80U; };
  std::size_t begin = kEnd;
  std::size_t end = what.size() - kEnd;
  while (begin > 0 && within(begin)) --begin;
  while (end < what.size() && within(end)) ++end;
  return what.substr(0, begin) + " … " + what.substr(end);
}

std::pair<unsigned, unsigned> order(const ConfigError& error) {
  const FilePlace place = file_place(error.where);
  return {place.line == 0 ? std::numeric_limits<unsigned>::max() : place.line, place.column};
}

}  // namespace

FilePlace file_place(std::string_view where) {
  std::string_view rest = where;
  const auto column = cut_number(rest);
  const auto line = column ? cut_number(rest) : std::nullopt;
  if (!line) return {std::string(where), 0, 0};
  return {std::string(rest), *line, *column};
}

ConfigError config_fault(std::string where, std::string what, std::string hint) {
  constexpr std::string_view kHint = "; write ";
  const auto at = what.find(kHint);
  if (hint.empty() && at != std::string::npos) {
    hint = what.substr(at + 2);
    what.resize(at);
  }
  return {std::move(where), shortened(std::move(what)), std::move(hint)};
}

void bound(std::vector<ConfigError>& errors) {
  if (errors.size() <= kMostFaults) return;
  const std::size_t more = errors.size() - kMostFaults;
  errors.resize(kMostFaults);
  errors.push_back(
      {file_place(errors.front().where).file, "and " + std::to_string(more) + " more faults", {}});
}

void sort_by_place(std::vector<ConfigError>& errors) {
  std::stable_sort(errors.begin(), errors.end(),
                   [](const ConfigError& a, const ConfigError& b) { return order(a) < order(b); });
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kLongestWord = 64;
  std::string best;
  if (word.size() > kLongestWord) return best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    std::size_t d = distance(word, candidate);
    // "timeout" for "connect_timeout": half a name is nearer than its distance says.
    if (word.size() >= 4 && candidate.find(word) != std::string::npos) d = std::min<std::size_t>(d, 2);
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace berth
