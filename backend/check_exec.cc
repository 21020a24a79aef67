// The check by a command of the user's own, under a keeper of its own.
#include <boost/asio/post.hpp>

#include "backend/backend.h"
#include "backend/check.h"
#include "backend/command.h"
#include "backend/keeper_link.h"
#include "backend/loop_timer.h"
#include "backend/output.h"

namespace berth::backend {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kQuoted = 200;

/// Why it cannot be run, or nothing.
std::optional<std::string> prepare(const LaunchSpec& spec, const Endpoint& endpoint, KeeperCommand& command) {
  if (auto why = command_user(spec.user, command)) return why;
  // What was handed over to the backend is not handed over to its check.
  const bool placed = spec.port.mode != PortMode::None;
  auto environment = child_environment(spec, placed ? PortMode::Lease : PortMode::None, endpoint, environ);
  if (placed && endpoint.family != Endpoint::Family::Unix) environment["HOST"] = endpoint.host();
  return fill_command(spec, spec.ready.exec, endpoint, environment, command);
}

struct ExecState : std::enable_shared_from_this<ExecState> {
  ExecState(boost::asio::io_context& io, CheckDone callback)
      : loop(io), timer(io.get_executor()), done(std::move(callback)) {}

  void begin(const LaunchSpec& spec, const Endpoint& endpoint, milliseconds timeout) {
    KeeperCommand command;
    if (auto why = prepare(spec, endpoint, command)) return fail_later("cannot be run: " + *why);
    name = spec.ready.exec.front();
    Descriptor out_end, err_end;
    int error = 0;
    auto keep = [this](std::string_view line) {
      if (!line.empty()) last_line = line.substr(0, kQuoted);
    };
    out = std::make_unique<OutputPipe>(loop, OutputKind::Pipe, keep, out_end, error);
    err = std::make_unique<OutputPipe>(loop, OutputKind::Pipe, keep, err_end, error);
    if (error == 0) {
      link = KeeperLink::spawn(
          loop, command, {std::move(out_end), std::move(err_end), Descriptor()},
          {.on_news = [this](const KeeperNews& news) { hear(news); }, .on_lost = [this] { lost(); }}, error);
    }
    if (!link) return fail_later("cannot be started: errno " + std::to_string(error));
    timer.expires_after(timeout);
    timer.async_wait([self = shared_from_this(), timeout](boost::system::error_code ended) {
      if (!ended) self->judge({false, "did not end within " + std::to_string(timeout.count()) + " ms"});
    });
  }

  void hear(const KeeperNews& news) {
    switch (news.kind) {
      case KeeperNews::Kind::ExecFailed: {
        const auto stage = static_cast<ExecStage>(news.first);
        return judge({false, "cannot be run: " + exec_failure_text(name, {}, stage, news.second)});
      }
      case KeeperNews::Kind::Exited: {
        const auto exit = ExitStatus::from_wait(news.first);
        const bool passed = exit == ExitStatus{};
        return judge({passed, (exit.signalled ? "was " : "ended with ") + exit.text()});
      }
      case KeeperNews::Kind::Empty:
        return finish();
      case KeeperNews::Kind::Started:
      case KeeperNews::Kind::Killed:
        return;
    }
  }

  void lost() {
    judge({false, "has lost its keeper"});
    finish();
  }

  /// The first verdict stands; it is told when nothing of the command is left.
  void judge(CheckResult result) {
    if (!verdict.text.empty()) return;
    timer.cancel();
    out->drain();
    err->drain();
    verdict = std::move(result);
    link->order(KeeperOrder::Verb::Kill);
  }

  void finish() {
    if (!done) return;
    const auto self = shared_from_this();
    if (verdict.passed) {
      verdict.text = name + " " + ExitStatus{}.text();
    } else {
      verdict.text = "the check command " + verdict.text + (last_line.empty() ? "" : ": " + last_line);
    }
    std::exchange(done, nullptr)(verdict);
  }

  void fail_later(const std::string& why) {
    verdict.text = why;
    boost::asio::post(loop, [self = shared_from_this()] { self->finish(); });
  }

  boost::asio::io_context& loop;
  LoopTimer timer;
  CheckDone done;
  std::string name;
  std::unique_ptr<OutputPipe> out, err;
  std::unique_ptr<KeeperLink> link;
  std::string last_line;
  CheckResult verdict;
};

class ExecCheck final : public Check {
 public:
  explicit ExecCheck(std::shared_ptr<ExecState> state) : state_(std::move(state)) {}
  ~ExecCheck() override {
    state_->done = nullptr;
    state_->timer.cancel();
    state_->out.reset();
    state_->err.reset();
    state_->link.reset();
  }

  std::string unfinished() const override {
    return "the check command has not ended" + (state_->last_line.empty() ? "" : ": " + state_->last_line);
  }

 private:
  std::shared_ptr<ExecState> state_;
};

}  // namespace

std::unique_ptr<Check> start_exec_check(boost::asio::io_context& loop, const Endpoint& endpoint,
                                        const LaunchSpec& spec, milliseconds timeout, CheckDone done) {
  auto state = std::make_shared<ExecState>(loop, std::move(done));
  state->begin(spec, endpoint, timeout);
  return std::make_unique<ExecCheck>(std::move(state));
}

}  // namespace berth::backend
