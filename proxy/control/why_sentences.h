// A swap's report, and what is wrong since then, as three short answers for people: what was done, what
// happened, what to do. Pure.
#pragma once

#include <string>

#include "proxy/control/service.h"
#include "proxy/observe/report.h"

namespace berth::control {

/// Whole sentences, none of them empty.
struct WhySentences {
  std::string done;
  std::string happened;
  std::string to_do;
};

/// `report`: the app's newest. `now`: the app's status at this time; nullptr: not known, and what serves is
/// taken to be well.
WhySentences why_sentences(const observe::SwapReport& report, const AppStatus* now = nullptr);

}  // namespace berth::control
