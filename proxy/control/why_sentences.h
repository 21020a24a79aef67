// A swap's report as three short answers for people: what was done, what happened, what to do. Pure.
#pragma once

#include <string>

#include "proxy/observe/report.h"

namespace berth::control {

/// Whole sentences, none of them empty.
struct WhySentences {
  std::string done;
  std::string happened;
  std::string to_do;
};

WhySentences why_sentences(const observe::SwapReport& report);

}  // namespace berth::control
