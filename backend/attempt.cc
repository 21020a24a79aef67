#include "backend/attempt.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <cstring>
#include <iterator>
#include <sstream>

#include "backend/command.h"
#include "backend/linux_proc.h"

namespace berth::backend {
namespace {

constexpr std::size_t kLastLines = 20;
constexpr std::size_t kKeptOfLine = 8 * 1024;

StartFailure failure(StartFailure::Kind kind, std::string what) {
  StartFailure out;
  out.kind = kind;
  out.what = std::move(what);
  return out;
}

StartFailure system_failure(const std::string& doing, int error) {
  std::array<char, 128> buffer{};
  return failure(StartFailure::Kind::System,
                 doing + ": " + ::strerror_r(error, buffer.data(), buffer.size()));
}

}  // namespace

Attempt::Attempt(boost::asio::io_context& loop, const LaunchSpec& spec, PortMode mode, Place::Kept kept,
                 AttemptEvents events)
    : loop_(loop), spec_(spec), events_(std::move(events)), mode_(mode), kept_(kept) {}

Attempt::~Attempt() = default;

std::optional<StartFailure> Attempt::begin() {
  using Kind = StartFailure::Kind;
  if (spec_.command.empty()) return failure(Kind::Exec, "the command is empty");
  if (auto why = directory_failure(spec_.dir); !why.empty()) return failure(Kind::Exec, why);
  if (auto why = take_place(spec_, mode_, kept_, place_)) return why;

  KeeperCommand command;
  if (auto why = command_user(spec_.user, command)) return failure(Kind::System, *why);
  auto environment = child_environment(spec_, mode_, place_.told, environ);
  if (auto why = listen_for_sign(environment)) return why;
  if (auto why = fill_command(spec_, spec_.command, place_.told, environment, command))
    return failure(Kind::Exec, *why);
  command.tty = spec_.tty;
  command.whose = whose_text(spec_);
  uid_ = user_number(spec_.user).value_or(uid_);
  hear_options(environment);

  Descriptor out, err;
  int error = 0;
  const auto kind = spec_.tty ? OutputKind::Terminal : OutputKind::Pipe;
  out_ = std::make_unique<OutputPipe>(
      loop_, kind, [this](std::string_view line) { take_line(false, line); }, out, error);
  if (spec_.tty) {
    err.reset(::fcntl(out.get(), F_DUPFD_CLOEXEC, 3));
  } else {
    err_ = std::make_unique<OutputPipe>(
        loop_, kind, [this](std::string_view line) { take_line(true, line); }, err, error);
  }
  if (error != 0) return system_failure("no pipe can be made for its output", error);

  open_place(place_, kept_);
  link_ = KeeperLink::spawn(
      loop_, command, {std::move(out), std::move(err), std::move(place_.listener)},
      {.on_news = [this](const KeeperNews& news) { hear(news); }, .on_lost = [this] { lost(); }}, error);
  if (!link_) return system_failure("no keeper can be started", error);
  return std::nullopt;
}

std::optional<StartFailure> Attempt::listen_for_sign(std::map<std::string, std::string>& environment) {
  using ReadyKind = ReadyConfig::Kind;
  if (spec_.ready.kind == ReadyKind::Log) log_.emplace(spec_.ready.log);
  if (spec_.ready.kind == ReadyKind::Exec) {
    // What can never pass fails now.
    auto found = find_command(fill_in(spec_.ready.exec.front(), place_.told), spec_.dir, environment);
    if (found.program.empty()) return failure(StartFailure::Kind::Exec, "its check: " + found.failure);
  }
  if (spec_.ready.kind != ReadyKind::Notify) return std::nullopt;
  int error = 0;
  notify_ = NotifySocket::open(
      loop_, spec_, {.root = [this] { return keeper_pid(); }, .on_ready = [this] { events_.on_sign(); }},
      error);
  if (!notify_) return system_failure("no NOTIFY_SOCKET can be made for it", error);
  environment["NOTIFY_SOCKET"] = notify_->path();
  return std::nullopt;
}

/// A debugger's port may stand in the words that start it.
void Attempt::hear_options(const std::map<std::string, std::string>& environment) {
  ports_.take_words(spec_.command);
  for (const char* name : kOptionVariables) {
    const auto found = environment.find(name);
    if (found == environment.end()) continue;
    std::istringstream text(found->second);
    ports_.take_words({std::istream_iterator<std::string>(text), {}});
  }
}

Sign Attempt::sign() const {
  if (log_) return log_->sign();
  return notify_ ? notify_->sign() : Sign{};
}

void Attempt::stop(const StopConfig& stop) {
  using Verb = KeeperOrder::Verb;
  if (place_.lease) place_.lease->close_door();
  if (link_) link_->order(stop.to == StopTo::Group ? Verb::StopGroup : Verb::Stop, stop.signal);
}

void Attempt::kill() {
  if (place_.lease) place_.lease->close_door();
  if (link_) link_->order(KeeperOrder::Verb::Kill);
}

void Attempt::hear(const KeeperNews& news) {
  switch (news.kind) {
    case KeeperNews::Kind::Started:
      pid_ = news.first;
      return events_.on_started();
    case KeeperNews::Kind::ExecFailed:
      return exec_failed(news);
    case KeeperNews::Kind::Exited:
      return ended(ExitStatus::from_wait(news.first));
    case KeeperNews::Kind::Killed:
      killed_ = true;
      if (news.second == 0) killed_descendants_.emplace_back(news.text.data());
      return;
    case KeeperNews::Kind::Empty:
      return drain_then([this] { events_.on_empty(); });
  }
}

void Attempt::exec_failed(const KeeperNews& news) {
  auto stage = static_cast<ExecStage>(news.first);
  exit_ = ExitStatus{.signalled = false, .value = 127};
  const auto& name = spec_.command.front();
  bool user_error = stage == ExecStage::Exec || stage == ExecStage::Directory;
  auto kind = user_error ? StartFailure::Kind::Exec : StartFailure::Kind::System;
  // It was found a moment ago: what is missing is what its first line asks for.
  if (stage == ExecStage::Exec && news.second == ENOENT) {
    return events_.on_exec_failed(
        failure(kind, name + ": the interpreter named in its first line does not exist"));
  }
  events_.on_exec_failed(failure(kind, exec_failure_text(name, spec_.dir, stage, news.second)));
}

void Attempt::ended(ExitStatus status) {
  exit_ = status;
  // What it said last is in the pipes; their end may never come (a grandchild holds them).
  if (place_.lease) place_.lease->close_door();
  drain_then([this] { events_.on_exited(); });
}

void Attempt::lost() {
  if (pid_ == 0) {
    if (!exit_)
      events_.on_exec_failed(failure(StartFailure::Kind::System, "its keeper ended before the command ran"));
    return events_.on_empty();
  }
  // The command dies with its keeper (PR_SET_PDEATHSIG). What is left of their session can still be told from
  // others; with a terminal the command has a session of its own.
  if (!exit_) ::kill(-pid_, SIGKILL);
  for (int pid : session_members(keeper_pid())) ::kill(pid, SIGKILL);
  killed_ = true;
  events_.on_note("the keeper of pid " + std::to_string(pid_) +
                  " was killed: its tree cannot be proven empty");
  if (!exit_) ended({.signalled = true, .value = SIGKILL});
  drain_then([this] { events_.on_empty(); });
}

/// What was written before an event is told before it.
void Attempt::drain_then(std::function<void()> next) {
  after_drains_.push_back(std::move(next));
  if (after_drains_.size() == 1) drain_next();
}

void Attempt::drain_next() {
  undrained_ = err_ ? 2 : 1;
  const auto drained = [this] {
    if (--undrained_ != 0) return;
    const auto next = std::move(after_drains_.front());
    after_drains_.pop_front();
    // Before the call: it may be the last one, which may destroy all of this.
    if (!after_drains_.empty()) drain_next();
    next();
  };
  out_->drain(drained);
  if (err_) err_->drain(drained);
}

void Attempt::take_line(bool is_stderr, std::string_view line) {
  // The whole of it is looked at before it is cut.
  if (log_ && log_->hear(line)) events_.on_sign();
  ports_.hear(line);
  line = line.substr(0, kKeptOfLine);
  last_lines_.emplace_back(line);
  if (last_lines_.size() > kLastLines) last_lines_.pop_front();
  events_.on_line(is_stderr, line);
}

bool Attempt::complained_of_busy_port() const {
  return std::any_of(last_lines_.begin(), last_lines_.end(), [](std::string line) {
    std::transform(line.begin(), line.end(), line.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    for (const char* words :
         {"address already in use", "eaddrinuse", "address in use", "port is already in use"}) {
      if (line.find(words) != std::string::npos) return true;
    }
    auto port = line.find("port ");
    return port != std::string::npos && line.find("in use", port) != std::string::npos;
  });
}

}  // namespace berth::backend
