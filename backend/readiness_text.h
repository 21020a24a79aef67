// What a user is told of a command that did not become ready: where it listens instead, what it answered,
// what to write. Looks at the kernel's tables once.
#pragma once

#include <chrono>
#include <string>

#include "backend/readiness.h"

namespace berth::backend {

/// Timeout or Elsewhere. `asked`: where the last check went; `answer`: what came of it, may be empty.
StartFailure explain_unready(const ReadinessSpec& spec, std::chrono::milliseconds waited,
                             const Endpoint& asked, const std::string& answer);

}  // namespace berth::backend
