#include "backend/readiness_text.h"

#include <array>
#include <cstring>

#include "backend/linux_proc.h"
#include "backend/tree_listeners.h"
#include "config/port_mode.h"

namespace berth::backend {
namespace {

using Kind = StartFailure::Kind;

std::string seconds_text(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s"
                                  : std::to_string(time.count()) + " ms";
}

std::string where_text(const Endpoint& told) {
  return told.family == Endpoint::Family::Unix ? told.text() : std::to_string(told.port);
}

std::string list_text(const std::vector<SocketRow>& rows, const OutputPorts* said) {
  std::string text;
  for (const auto& row : rows) {
    text += (text.empty() ? "" : ", ") + row.local.text();
    if (said != nullptr && said->is_debugger(row.local.port)) text += " (a debugger's)";
  }
  return text;
}

/// A process of the tree whose descriptors berth may not read, "pid 12 /usr/bin/server"; empty: there is
/// none.
std::string unreadable_process(int root) {
  for (const int pid : descendants(root))
    if (!socket_inodes({pid}).complete) return describe_process(pid);
  return {};
}

/// What it has said of itself, after what is known of its listener.
std::string sign_text(const ReadinessSpec& spec) {
  if (!spec.by_sign()) return {};
  const Sign sign = spec.sign();
  return (sign.given ? ", though " : ", and ") + sign.text;
}

/// How to tell such a command where to listen.
std::string hint_of(const ReadinessSpec& spec) {
  switch (spec.mode) {
    case PortMode::Fd:
      return "it must take the socket that is handed over: by {fd} in its words, or by LISTEN_FDS, which a "
             "shell or "
             "npm in between loses";
    case PortMode::Unix:
      return "make it listen on {socket} as it was told";
    case PortMode::Fixed:
      return "make it listen on port " + std::to_string(spec.told.port) + ", or say which one with --port";
    case PortMode::Lease:
    case PortMode::Discover:
    case PortMode::External:
    case PortMode::None:
      break;
  }
  return spec.follow == FollowPolicy::Never ? "make it listen on port {port} as it was told"
                                            : "it ignored PORT: add `--port {port}`";
}

}  // namespace

StartFailure explain_unready(const ReadinessSpec& spec, std::chrono::milliseconds waited,
                             const Endpoint& asked, const std::string& answer) {
  const bool by_path = spec.told.family == Endpoint::Family::Unix;
  StartFailure failure;
  if (spec.mode == PortMode::None) {
    failure.kind = Kind::Timeout;
    failure.what =
        "not ready after " + seconds_text(waited) + (answer.empty() ? sign_text(spec) : ": " + answer);
    return failure;
  }
  if (!by_path) {
    if (auto blind = explain_blindness()) return *blind;
  }
  auto seen = look_at_listeners(spec.root, spec.told.port, LookAt::Everything);
  if (by_path) seen.told = look_at_unix_listeners(spec.root, spec.told.path).told;
  const std::string check = "the ready check on " + where_text(spec.told) + " failed: ";
  failure.kind = Kind::Timeout;
  // The socket that was handed over listens whether the command takes it or not.
  const bool idle_gift = spec.mode == PortMode::Fd && answer.empty();
  if (idle_gift && seen.elsewhere.empty()) {
    failure.what = check + "nothing answers on the socket that it was handed after " + seconds_text(waited);
    failure.hint = hint_of(spec);
    return failure;
  }
  if (!idle_gift && (!seen.told.empty() || (seen.elsewhere.empty() && !answer.empty()))) {
    failure.what = "not ready after " + seconds_text(waited) + ": it listens on " + asked.text() + ", but " +
                   (answer.empty() ? "gave no complete answer" : answer);
    return failure;
  }
  if (!seen.elsewhere.empty()) {
    failure.kind = Kind::Elsewhere;
    failure.what = check + "the process listens on " + list_text(seen.elsewhere, spec.ports);
    if (!spec.by_sign() && !answer.empty()) failure.what += ", but there " + answer;
    failure.what += sign_text(spec);
    failure.hint = hint_of(spec);
    return failure;
  }
  if (auto other = describe_unusable_listeners(spec.root); !other.empty()) {
    failure.kind = Kind::Elsewhere;
    failure.what = check + "the process listens on " + other + " only";
    failure.hint = by_path ? hint_of(spec) : "make it listen on TCP port {port}: add `--port {port}`";
    return failure;
  }
  if (spec.mode == PortMode::Discover) {
    if (const std::string hidden = unreadable_process(spec.root); !hidden.empty()) {
      failure.what =
          "the ready check failed: berth cannot see where the command listens, because it may not "
          "read the descriptors of " +
          hidden + ", which runs with more rights than berth";
      failure.hint =
          "let berth choose the port: leave out --port and let the command listen on $PORT or "
          "{port}; or run berth as root";
      return failure;
    }
    failure.what =
        "the ready check failed: the command listens nowhere after " + seconds_text(waited) + sign_text(spec);
    failure.hint = "where berth is to tell it the port, leave --port out";
    return failure;
  }
  failure.what = check + "nothing listens there after " + seconds_text(waited) + sign_text(spec);
  if (spec.follow != FollowPolicy::Never) {
    failure.hint = "if it does not read PORT, add `--port {port}`";
    if (const std::string hidden = unreadable_process(spec.root); !hidden.empty())
      failure.what += "; where else it listens is not to be seen: berth may not read the descriptors of " +
                      hidden + ", which runs with more rights than berth";
  }
  if (spec.mode == PortMode::Unix || spec.mode == PortMode::Fixed) failure.hint = hint_of(spec);
  return failure;
}

StartFailure explain_hopeless(const ReadinessSpec& spec, std::chrono::milliseconds waited,
                              const Endpoint& asked, const std::string& answer, unsigned times) {
  StartFailure failure;
  failure.kind = Kind::Timeout;
  failure.what = "not ready after " + seconds_text(std::chrono::round<std::chrono::seconds>(waited)) +
                 ": it listens on " + asked.text() + ", but " + answer + ", " + std::to_string(times) +
                 " times in a row, and its output says nothing new";
  failure.hint = "mend what its output tells; or, where " + spec.config.path +
                 " is meant to fail, let the check ask another path or accept that status (ready)";
  return failure;
}

std::optional<StartFailure> explain_blindness() {
  int error = 0;
  listening_sockets(1, &error);
  if (error == 0) return std::nullopt;
  std::array<char, 128> buffer{};
  StartFailure failure;
  failure.kind = Kind::System;
  failure.what = "the kernel does not tell berth who listens where (NETLINK_SOCK_DIAG: " +
                 std::string(::strerror_r(error, buffer.data(), buffer.size())) +
                 "), so that it cannot find its server's port";
  failure.hint =
      "in a systemd unit with RestrictAddressFamilies= add AF_NETLINK there; where a sandbox has no "
      "such table (gVisor), give the command {socket}, a unix socket's path, to listen on";
  return failure;
}

}  // namespace berth::backend
