// The words of what a backend reports.
#include <sys/wait.h>

#include <csignal>
#include <cstring>

#include "backend/backend.h"

namespace berth::backend {

ExitStatus ExitStatus::from_wait(int status) {
  if (WIFSIGNALED(status)) return {.signalled = true, .value = WTERMSIG(status)};
  return {.signalled = false, .value = WEXITSTATUS(status)};
}

std::string ExitStatus::text() const {
  if (!signalled) return "exit " + std::to_string(value);
  const char* name = ::sigabbrev_np(value);
  return "killed by " + (name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(value));
}

std::string ReleaseCertificate::text() const {
  auto name = endpoint.family == Endpoint::Family::Unix ? endpoint.path : std::to_string(endpoint.port);
  auto named = [this] {
    std::string out;
    if (holders.empty()) out = " somebody who cannot be named from this machine";
    for (const auto& holder : holders) out += (out.empty() ? " " : "; ") + holder.text();
    return out;
  };
  switch (verdict) {
    case Verdict::StrictlyFree:
      return name + " strictly free";
    case Verdict::Leftovers:
      return name + " free" +
             (leftovers.empty() ? ", bound by somebody who does not listen" : ", " + leftovers);
    case Verdict::TakenSince:
      return name + " taken since by" + (holders.empty() ? " a stranger" : named());
    case Verdict::Held:
      return name + " still held by" + named();
    case Verdict::NoPort:
      return "no port";
  }
  return {};
}

}  // namespace berth::backend
