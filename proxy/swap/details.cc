#include "proxy/swap/details.h"

#include <array>
#include <csignal>
#include <utility>

namespace berth::swap {
namespace {

std::string counted(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string where(const Endpoint& endpoint) {
  return endpoint.family == Endpoint::Family::Unix ? endpoint.text() : std::to_string(endpoint.port);
}

std::string grace_text(Milliseconds grace) {
  const bool whole = grace.count() % 1000 == 0;
  return whole ? std::to_string(grace.count() / 1000) + " s" : std::to_string(grace.count()) + " ms";
}

std::string why_cut(CutCause cause) {
  switch (cause) {
    case CutCause::Deadline:
      return " at the drain deadline";
    case CutCause::Hurry:
      return " because it was hurried";
    case CutCause::Death:
      return " because the backend ended";
    case CutCause::None:
      break;
  }
  return "";
}

}  // namespace

std::string signal_name(int signal) {
  static constexpr std::array<std::pair<int, const char*>, 8> kNames = {{{SIGTERM, "TERM"},
                                                                         {SIGINT, "INT"},
                                                                         {SIGQUIT, "QUIT"},
                                                                         {SIGHUP, "HUP"},
                                                                         {SIGKILL, "KILL"},
                                                                         {SIGUSR1, "USR1"},
                                                                         {SIGUSR2, "USR2"},
                                                                         {SIGWINCH, "WINCH"}}};
  for (const auto& [number, name] : kNames) {
    if (number == signal) return name;
  }
  return "signal " + std::to_string(signal);
}

std::string start_detail(const backend::Started& started) {
  if (started.pid == 0) return started.told.text() + " (" + started.mode + ")";
  // A worker process, to which nobody comes.
  if (started.told.port == 0 && started.told.family != Endpoint::Family::Unix)
    return "pid " + std::to_string(started.pid) + (started.mode.empty() ? "" : " (" + started.mode + ")");
  return "pid " + std::to_string(started.pid) + " on " + where(started.told) + " (" + started.mode + ")";
}

std::string ready_detail(const backend::Ready& ready) {
  return ready.check + (ready.followed ? " on " + ready.endpoint.text() + ", where it listens" : "");
}

std::string switch_detail(unsigned workers) { return counted(workers, "worker"); }

std::string drain_detail(const std::optional<http::DrainOutcome>& outcome, CutCause cause) {
  if (!outcome) return "a worker did not tell its end" + why_cut(cause);
  using observe::Carried;
  using observe::DrainKind;
  using observe::kinds_text;
  std::string text = kinds_text(*outcome, &DrainKind::finished);
  text = (text.empty() ? "0 requests" : text) + " finished";
  const std::uint64_t closed = outcome->of(Carried::WebSocket).ended;
  const std::uint64_t ended = outcome->of(Carried::EventStream).ended;
  if (closed > 0) text += ", " + counted(closed, "WebSocket") + " closed with 1012";
  if (ended > 0) text += ", " + counted(ended, "event stream") + " ended";
  const std::string cut = kinds_text(*outcome, &DrainKind::cut);
  return cut.empty() ? text : text + ", " + cut + " cut" + why_cut(cause);
}

std::string stop_detail(const backend::Stopped& stopped, const StopConfig& config,
                        const std::optional<backend::ExitStatus>& ended, KillCause cause) {
  std::string text;
  if (ended) {
    text = ended->text() + " by itself";
  } else if (!stopped.killed && stopped.exit.signalled && stopped.exit.value == config.signal) {
    text = "ended by " + signal_name(config.signal);
  } else if (!stopped.killed) {
    text = stopped.exit.text() + " after " + signal_name(config.signal);
  } else if (cause == KillCause::Force) {
    text = "killed at once";
  } else {
    text = "killed after the grace of " + grace_text(config.grace);
  }
  if (stopped.descendants.empty()) return text;
  text += "; " + counted(stopped.descendants.size(), "descendant") + " killed: ";
  constexpr std::size_t kMost = 3;
  for (std::size_t n = 0; n < stopped.descendants.size() && n < kMost; ++n) {
    text += (n > 0 ? ", " : "") + stopped.descendants[n];
  }
  return text + (stopped.descendants.size() > kMost ? ", ..." : "");
}

std::string end_text(SwapEnd end, const std::optional<backend::ExitStatus>& ended) {
  switch (end) {
    case SwapEnd::Cancelled:
      return "cancelled";
    case SwapEnd::Superseded:
      return "a newer swap took its place before it was ready";
    case SwapEnd::Overdue:
      return "it was neither ready nor failed within its time";
    case SwapEnd::Exited:
      return "it ended before the switch" + (ended ? ": " + ended->text() : std::string());
    case SwapEnd::StartFailed:
    case SwapEnd::None:
      break;
  }
  return "it did not start";
}

}  // namespace berth::swap
