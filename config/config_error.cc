#include "config/config_error.h"

#include <algorithm>
#include <numeric>

namespace berth {
namespace {

// Levenshtein's distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
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
