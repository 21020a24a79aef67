#include "proxy/control/history_text.h"

#include <algorithm>
#include <array>

#include "proxy/control/json_map.h"
#include "proxy/control/phase_text.h"
#include "proxy/control/terminal.h"

namespace berth::control {
namespace {

using observe::ServedCommand;
using observe::ServedOutcome;

constexpr std::size_t kColumns = 5;
constexpr std::size_t kLeastCommand = 24;
using Row = std::array<std::string, kColumns>;

std::string outcome_text(const ServedCommand& row) {
  if (row.outcome == ServedOutcome::Serving) return "serves";
  if (row.outcome == ServedOutcome::Crashed && !row.detail.empty()) return row.detail;
  return std::string(word(row.outcome));
}

std::string generations_text(const ServedCommand& row) {
  const std::string first = std::to_string(row.first.number);
  return row.first == row.last ? first : first + "-" + std::to_string(row.last.number);
}

Row cells(const ServedCommand& row) {
  return {std::to_string(row.number), clock_text(row.since_unix_ms), generations_text(row), outcome_text(row),
          row.external.empty() ? command_text(row.command) + " in " + row.dir
                               : row.external + ", not started by berth"};
}

}  // namespace

std::string history_text(const std::vector<ServedCommand>& rows, unsigned columns) {
  if (rows.empty()) return "nothing has served yet\n";
  std::vector<Row> table{{"no.", "since", "generations", "outcome", "command"}};
  for (const ServedCommand& row : rows) table.push_back(cells(row));
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : table)
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  std::size_t before = 0;
  for (std::size_t i = 0; i + 1 < kColumns; ++i) before += widths[i] + 2;
  const std::size_t room = std::max<std::size_t>(columns > before ? columns - before : 0, kLeastCommand);
  std::string text;
  for (const Row& row : table) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i) text += padded(row[i], widths[i] + 2);
    text += shortened(row.back(), room) + "\n";
  }
  return text;
}

}  // namespace berth::control
