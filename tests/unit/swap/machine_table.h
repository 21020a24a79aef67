// A machine's table as a test writes it: a row for each pair of state and event, and the check that the
// machine does what the rows say and that no pair is missing or there twice.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "proxy/swap/patience.h"

namespace berth::swap {

/// When the tables are played; every deadline of a state that waits has come.
inline constexpr Moment kNow = std::chrono::seconds(1);

template <class State, class Event, class Action>
struct TableRow {
  // A constructor and not initialisers of the members: g++ 12 breaks on those in a template.
  TableRow(State from, Event with, Legality legal, std::optional<State> to = std::nullopt,
           std::vector<Action> does = std::vector<Action>())
      : before(from), event(with), legality(legal), next(to), actions(std::move(does)) {}

  State before;
  Event event;
  Legality legality;
  std::optional<State> next;  ///< nullopt: the state stays
  std::vector<Action> actions;
};

/// `in_state(state)` makes a machine, and `holds(machine)` checks what no event may change.
template <class Row, class InState, class Holds>
void check_table(const std::vector<Row>& rows, std::size_t pairs, InState in_state, Holds holds) {
  CHECK(rows.size() == pairs);
  std::set<std::pair<int, int>> seen;
  for (const Row& row : rows) {
    CAPTURE(static_cast<int>(row.before));
    CAPTURE(static_cast<int>(row.event));
    CHECK(seen.emplace(static_cast<int>(row.before), static_cast<int>(row.event)).second);
    CHECK(legality(row.before, row.event) == row.legality);
    if (row.legality == Legality::Illegal) continue;
    const auto done = step(in_state(row.before), row.event, kNow);
    CHECK(done.next.state == row.next.value_or(row.before));
    CHECK(done.actions == row.actions);
    holds(done.next);
  }
}

}  // namespace berth::swap
