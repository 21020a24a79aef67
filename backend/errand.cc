#include "backend/errand.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "backend/backend.h"
#include "backend/command.h"
#include "backend/keeper_link.h"
#include "backend/loop_timer.h"
#include "backend/output.h"
#include "config/duration_text.h"

namespace berth::backend {
namespace {

using std::chrono::milliseconds;
using Kind = ErrandEnd::Kind;

// As for a backend: what is there longer after KILL is the kernel's.
constexpr milliseconds kKillTakesLong{5'000};

/// Why it cannot be run, or nothing.
std::optional<std::string> prepare(const LaunchSpec& launch, const ErrandSpec& what, KeeperCommand& command) {
  if (auto why = directory_failure(launch.dir); !why.empty()) return why;
  if (auto why = command_user(launch.user, command)) return why;
  const Endpoint endpoint = what.endpoint.value_or(Endpoint{});
  // What was handed over to the backend is not handed over to its errands.
  const auto mode = what.endpoint ? PortMode::Lease : PortMode::None;
  auto environment = child_environment(launch, mode, endpoint, environ);
  if (what.endpoint && endpoint.family != Endpoint::Family::Unix) environment["HOST"] = endpoint.host();
  for (const auto& [name, value] : what.variables) environment[name] = value;
  return fill_command(launch, what.words, endpoint, environment, command);
}

struct State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, ErrandEvents callbacks)
      : loop(io), timer(io.get_executor()), events(std::move(callbacks)) {}

  void begin(const LaunchSpec& launch, const ErrandSpec& what) {
    KeeperCommand command;
    if (auto why = prepare(launch, what, command)) return fail_later("cannot be run: " + *why);
    name = what.words.front();
    command.whose = whose_text(launch) + ", " + what.purpose;
    Descriptor out_end, err_end;
    int error = 0;
    out = pipe(false, out_end, error);
    err = pipe(true, err_end, error);
    if (error == 0) {
      link = KeeperLink::spawn(
          loop, command, {std::move(out_end), std::move(err_end), Descriptor()},
          {.on_news = [this](const KeeperNews& news) { hear(news); }, .on_lost = [this] { lost(); }}, error);
    }
    if (!link) return fail_later("cannot be started: errno " + std::to_string(error));
    const std::string late = "did not end within " + duration_text(what.timeout) + " and was killed";
    wait(what.timeout, [this, late] { judge({Kind::TimedOut, late}); });
  }

  std::unique_ptr<OutputPipe> pipe(bool is_stderr, Descriptor& write_end, int& error) {
    auto take = [this, is_stderr](std::string_view line) {
      if (events.on_line) events.on_line(is_stderr, line);
    };
    return std::make_unique<OutputPipe>(loop, OutputKind::Pipe, take, write_end, error);
  }

  template <class Call>
  void wait(milliseconds time, Call call) {
    timer.expires_after(time);
    timer.async_wait([self = shared_from_this(), call](boost::system::error_code ended) {
      if (!ended && self->link) call();
    });
  }

  void hear(const KeeperNews& news) {
    switch (news.kind) {
      case KeeperNews::Kind::ExecFailed: {
        const auto stage = static_cast<ExecStage>(news.first);
        return judge({Kind::NotRun, "cannot be run: " + exec_failure_text(name, {}, stage, news.second)});
      }
      case KeeperNews::Kind::Exited: {
        const auto exit = ExitStatus::from_wait(news.first);
        const bool passed = exit == ExitStatus{};
        return judge(
            {passed ? Kind::Passed : Kind::Failed, (exit.signalled ? "was " : "ended with ") + exit.text()});
      }
      case KeeperNews::Kind::Empty:
        return drain_and_finish();
      case KeeperNews::Kind::Started:
      case KeeperNews::Kind::Killed:
        return;
    }
  }

  void lost() {
    judge({Kind::Failed, "has lost its keeper"});
    drain_and_finish();
  }

  /// The first verdict stands; it is told when nothing of the command is left.
  void judge(ErrandEnd end) {
    if (!verdict.text.empty()) return;
    verdict = std::move(end);
    link->order(KeeperOrder::Verb::Kill);
    wait(kKillTakesLong, [this] {
      verdict.text += ", and something of it is there after KILL";
      finish();
    });
  }

  void drain_and_finish() {
    undrained = 2;
    for (OutputPipe* pipe : {out.get(), err.get()}) {
      pipe->drain([this] {
        if (--undrained == 0) finish();
      });
    }
  }

  void finish() {
    timer.cancel();
    const auto self = shared_from_this();
    events.on_line = nullptr;
    if (auto told = std::exchange(events.on_end, nullptr)) told(verdict);
  }

  void fail_later(const std::string& why) {
    verdict = {Kind::NotRun, why};
    boost::asio::post(loop, [self = shared_from_this()] { self->finish(); });
  }

  boost::asio::io_context& loop;
  LoopTimer timer;
  ErrandEvents events;
  std::string name;
  std::unique_ptr<OutputPipe> out, err;
  int undrained = 0;  ///< pipes, at the end
  std::unique_ptr<KeeperLink> link;
  ErrandEnd verdict;
};

class RealErrand final : public Errand {
 public:
  explicit RealErrand(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~RealErrand() override {
    state_->events = {};
    state_->timer.cancel();
    state_->out.reset();
    state_->err.reset();
    state_->link.reset();
  }
  void end() override {
    if (state_->link) state_->judge({Kind::Ended, "was ended"});
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Errand> start_errand(boost::asio::io_context& loop, const LaunchSpec& launch, ErrandSpec what,
                                     ErrandEvents events) {
  auto state = std::make_shared<State>(loop, std::move(events));
  state->begin(launch, what);
  return std::make_unique<RealErrand>(std::move(state));
}

}  // namespace berth::backend
