// What a user is told of a command that did not become ready: where it listens instead, what it answered,
// what to write. Looks at the kernel's tables once.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "backend/readiness.h"

namespace berth::backend {

/// Timeout or Elsewhere. `asked`: where the last check went; `answer`: what came of it, may be empty.
StartFailure explain_unready(const ReadinessSpec& spec, std::chrono::milliseconds waited,
                             const Endpoint& asked, const std::string& answer);

/// It answers the same error again and again, `times` in a row, and says nothing new.
StartFailure explain_hopeless(const ReadinessSpec& spec, std::chrono::milliseconds waited,
                              const Endpoint& asked, const std::string& answer, unsigned times);

/// Why berth cannot see who listens where, with what to do; nullopt: it can. Asks the kernel.
std::optional<StartFailure> explain_blindness();

}  // namespace berth::backend
