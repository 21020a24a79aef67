#include "proxy/swap/history.h"

#include <algorithm>

namespace berth::swap {

using observe::ServedOutcome;

void History::served(const ServedAs& what, Generation generation, std::int64_t unix_ms) {
  if (!rows_.empty() && rows_.front().what == what) {
    observe::ServedCommand& told = rows_.front().told;
    told.last = generation;
    told.until_unix_ms = 0;
    told.outcome = ServedOutcome::Serving;
    return;
  }
  if (!rows_.empty() && rows_.front().told.outcome == ServedOutcome::Serving)
    ended(rows_.front().told.last, ServedOutcome::Replaced, {}, unix_ms);
  observe::ServedCommand told{.number = ++newest_,
                              .command = what.command,
                              .external = what.external ? what.external->text() : std::string(),
                              .dir = what.external ? std::string() : what.dir,
                              .first = generation,
                              .last = generation,
                              .since_unix_ms = unix_ms};
  for (const auto& [name, value] : what.env) told.env.push_back(name);
  rows_.push_front({std::move(told), what});
  if (rows_.size() > kKept) rows_.pop_back();
}

void History::ended(Generation generation, ServedOutcome outcome, const std::string& detail,
                    std::int64_t unix_ms) {
  if (rows_.empty() || rows_.front().told.last != generation) return;
  observe::ServedCommand& told = rows_.front().told;
  told.until_unix_ms = unix_ms;
  told.outcome = outcome;
  if (!detail.empty()) told.detail = detail;
}

const History::Row* History::find(std::uint64_t number) const {
  const auto at =
      std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.told.number == number; });
  return at == rows_.end() ? nullptr : &*at;
}

const History::Row* History::last_other_than(const ServedAs& now) const {
  const auto at = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.what != now; });
  return at == rows_.end() ? nullptr : &*at;
}

std::vector<observe::ServedCommand> History::rows() const {
  std::vector<observe::ServedCommand> told;
  for (const Row& row : rows_) told.push_back(row.told);
  return told;
}

}  // namespace berth::swap
