// Does one row against a proxy that stands before a recording backend, and says what came of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/conformance/recording_backend.h"
#include "tests/conformance/row.h"

namespace berth::test {

/// What was seen on both sides.
struct Outcome {
  std::string received;       ///< all that the client got, as it came
  std::vector<int> statuses;  ///< interim ones too
  int status = 0;             ///< of the first final answer
  std::string answer;         ///< its body, without framing
  bool complete = false;      ///< it came whole
  Ends ends = Ends::Any;
  std::vector<SeenConnection> seen;
  bool backend_done = false;  ///< it could do all of its steps
  bool settled = false;       ///< the proxy served the next client as if nothing had been
};

/// How long may be waited for what should come. A proxy that does it wrongly is waited for in vain.
struct Patience {
  std::chrono::milliseconds wait{5'000};
};

/// Runs `row` against the proxy on 127.0.0.1:`port`.
Outcome run_row(const Row& row, Manner manner, std::uint16_t port, RecordingBackend& backend,
                Patience patience = {});

}  // namespace berth::test
