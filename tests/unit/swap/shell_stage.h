// A shell with everything around it faked: a data plane that answers when told to, backends that do what the
// test says, an owner that remembers. The io_context is polled by hand, so that order is the test's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/swap/app_shell.h"

namespace berth::swap {

/// Answers through the io_context; `slow` keeps acknowledgements until answer().
class FakePlane final : public Plane {
 public:
  enum class Pace : std::uint8_t { Prompt, Slow };

  explicit FakePlane(boost::asio::io_context& io) : io_(io) {}

  Pace acknowledgements = Pace::Prompt;
  Pace drains = Pace::Prompt;
  http::Counters sums;
  std::map<Generation, http::DrainOutcome> outcomes;
  std::vector<std::string> calls;
  std::function<void(Generation, bool refused)> connects;

  unsigned workers() const override { return 2; }
  void switch_to(Generation generation, const route::Destination& destination,
                 std::function<void()> acknowledged) override {
    calls.push_back("switch " + std::to_string(generation.number) + " " + destination.endpoint.text());
    take(std::move(acknowledged));
  }
  void watch_connects(std::function<void(Generation, bool)> told) override { connects = std::move(told); }
  void hold(std::function<void()> acknowledged) override {
    calls.emplace_back("hold");
    take(std::move(acknowledged));
  }
  void refuse(const std::string& reason, std::function<void()> acknowledged) override {
    calls.push_back("refuse: " + reason);
    take(std::move(acknowledged));
  }
  void pause(const std::string& why) override { calls.push_back("pause: " + why); }
  void resume() override { calls.emplace_back("resume"); }
  void when_drained(Generation generation, std::function<void(http::DrainOutcome)> drained) override {
    calls.push_back("drain " + std::to_string(generation.number));
    auto answer = [this, generation, drained] { drained(outcomes[generation]); };
    if (drains == Pace::Prompt) return boost::asio::post(io_, answer);
    drained_[generation] = answer;
  }
  void holders(Generation, std::function<void(std::uint64_t)> answer) override {
    boost::asio::post(io_, [answer] { answer(3); });
  }
  void cut(Generation generation, route::Target::Whom whom) override {
    const bool all = whom == route::Target::Whom::All;
    calls.push_back((all ? "cut " : "cut others ") + std::to_string(generation.number));
    if (auto waiting = drained_.extract(generation)) boost::asio::post(io_, waiting.mapped());
  }
  void counters(std::function<void(http::Counters)> answer) override {
    boost::asio::post(io_, [this, answer] { answer(sums); });
  }

  void answer() {
    for (auto& acknowledged : std::exchange(waiting_, {})) boost::asio::post(io_, acknowledged);
  }

 private:
  void take(std::function<void()> acknowledged) {
    if (acknowledgements == Pace::Prompt) return boost::asio::post(io_, acknowledged);
    waiting_.push_back(std::move(acknowledged));
  }

  boost::asio::io_context& io_;
  std::vector<std::function<void()>> waiting_;
  std::map<Generation, std::function<void()>> drained_;
};

/// What the shell asked of one backend, and what the test lets it say.
struct FakeState {
  backend::LaunchSpec spec;
  std::optional<Endpoint> external;  ///< instead of the spec's command
  backend::BackendEvents* owner = nullptr;
  std::vector<std::string> calls;
  backend::CheckDone asked;       ///< the check that waits for its answer
  std::vector<Endpoint> listens;  ///< of its own tree
  bool reachable = true;          ///< takes connections
};

class FakeLauncher final : public Launcher {
 public:
  std::vector<std::shared_ptr<FakeState>> made;

  std::unique_ptr<Launched> make(backend::LaunchSpec spec, backend::BackendEvents& owner) override {
    auto state = std::make_shared<FakeState>();
    state->spec = std::move(spec);
    state->owner = &owner;
    made.push_back(state);
    return std::make_unique<Fake>(state);
  }

  std::unique_ptr<Launched> make_external(backend::ExternalSpec spec,
                                          backend::BackendEvents& owner) override {
    backend::LaunchSpec same;
    same.generation = spec.generation;
    auto fake = make(std::move(same), owner);
    made.back()->external = spec.endpoint;
    return fake;
  }

  std::unique_ptr<backend::Errand> run(const backend::LaunchSpec& launch, backend::ErrandSpec what,
                                       backend::ErrandEvents events) override {
    struct Ran final : backend::Errand {
      Ran(std::vector<std::size_t>& told, std::size_t number) : ended(told), place(number) {}
      void end() override { ended.push_back(place); }
      std::vector<std::size_t>& ended;
      std::size_t place;
    };
    errands.push_back({launch, std::move(what), std::move(events)});
    return std::make_unique<Ran>(ended_errands, errands.size() - 1);
  }

  /// What was run beside the backends.
  struct RanErrand {
    backend::LaunchSpec launch;
    backend::ErrandSpec what;
    backend::ErrandEvents events;
    void tell(backend::ErrandEnd::Kind kind, const std::string& text) const {
      const auto told = events.on_end;
      told({kind, text});
    }
  };
  std::vector<RanErrand> errands;
  std::vector<std::size_t> ended_errands;  ///< those that were told to

 private:
  class Fake final : public Launched {
   public:
    explicit Fake(std::shared_ptr<FakeState> state) : state_(std::move(state)) {}
    ~Fake() override { state_->calls.emplace_back("destroyed"); }
    void start() override { state_->calls.emplace_back("start"); }
    void stop() override { state_->calls.emplace_back("stop"); }
    void hurry() override { state_->calls.emplace_back("hurry"); }
    void release(std::chrono::milliseconds deadline) override {
      const bool usual = deadline == Patience{}.release;
      state_->calls.push_back(usual ? "release" : "release within " + std::to_string(deadline.count()));
    }
    void type(std::string_view text) override { state_->calls.push_back("typed " + std::string(text)); }
    std::unique_ptr<backend::Check> check(Milliseconds, backend::CheckDone done) override {
      state_->asked = std::move(done);
      return nullptr;
    }
    std::unique_ptr<backend::Check> reach(Milliseconds, backend::CheckDone done) override {
      done({.passed = state_->reachable, .text = {}});
      return nullptr;
    }
    int pid() const override {
      return state_->external ? 0 : 4000 + static_cast<int>(state_->spec.generation.number);
    }
    std::vector<int> tree() const override { return {pid()}; }
    bool listens_at(const Endpoint& where) const override {
      return std::find(state_->listens.begin(), state_->listens.end(), where) != state_->listens.end();
    }

   private:
    std::shared_ptr<FakeState> state_;
  };
};

class FakeOwner final : public AppEvents {
 public:
  std::vector<std::string> told;
  std::vector<std::string> logged;
  std::function<void(const observe::SwapReport&)> on_failed = [](const observe::SwapReport&) {};

  void on_log(observe::Level, const std::string&, Generation, const std::string& text) override {
    logged.push_back(text);
  }
  void on_line(const std::string&, const control::LogLine& line) override {
    told.push_back("line " + line.text);
  }
  void on_first_ready(const std::string&, Generation) override { told.emplace_back("first ready"); }
  void on_first_start_failed(const observe::SwapReport& report) override {
    told.push_back("first start failed: " + report.reason);
    on_failed(report);
  }
  void on_stopped(const std::string&) override { told.emplace_back("stopped"); }
};

/// A swap to another command.
inline control::SwapRequest to(std::vector<std::string> command) {
  control::SwapRequest request;
  request.command = std::move(command);
  return request;
}

/// A restart.
inline control::SwapRequest again() {
  control::SwapRequest request;
  request.verb = control::SwapVerbKind::Restart;
  return request;
}

/// What a watcher saw.
struct Seen {
  std::vector<std::string> lines;
  std::vector<control::SwapResult> results;
  control::SwapWatch watch() {
    return {.on_queued = [this](const std::string& text) { lines.push_back("queued: " + text); },
            .on_phase =
                [this](const observe::PhaseRecord& phase) {
                  static const char* const kNames[] = {"start", "ready", "switch",
                                                       "drain", "stop",  "release"};
                  static const char* const kStates[] = {"...", "done", "failed"};
                  std::string line = std::to_string(phase.generation.number) + " " +
                                     kNames[static_cast<int>(phase.name)] + " " +
                                     kStates[static_cast<int>(phase.state)];
                  if (!phase.detail.empty()) line += ": " + phase.detail;
                  lines.push_back(line);
                },
            .on_switched = [this](const observe::SwapReport&) { lines.emplace_back("switched"); },
            .on_result = [this](const control::SwapResult& result) { results.push_back(result); }};
  }
};

class Stage {
 public:
  using Lines = std::vector<std::string>;

  boost::asio::io_context io;
  FakePlane plane{io};
  FakeLauncher launcher;
  FakeOwner owner;
  std::unique_ptr<AppShell> shell;

  explicit Stage(Patience patience = {}) : Stage(patience, usual()) {}
  Stage(Patience patience, const AppConfig& app) {
    shell = std::make_unique<AppShell>(io,
                                       ShellSettings{.app = app,
                                                     .listeners = {},
                                                     .patience = patience,
                                                     .addresses = {"127.0.0.1:8000"},
                                                     .control_path = "/run/berth.sock",
                                                     .runtime_dir = "/run"},
                                       plane, launcher, owner);
  }

  static AppConfig usual() {
    AppConfig app;
    app.name = "web";
    app.command = {"serve", "v1"};
    app.dir = "/srv";
    app.env = {{"MODE", "dev"}};
    return app;
  }

  void poll() {
    io.restart();
    io.poll();
  }
  /// Polls, with real time passing, until it holds or twenty seconds are over.
  template <typename Condition>
  bool wait_for(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!holds() && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
    }
    return holds();
  }
  FakeState& made(std::uint32_t generation) { return *launcher.made.at(generation - 1); }
  backend::BackendEvents& says(std::uint32_t generation) { return *made(generation).owner; }

  void started(std::uint32_t g) {
    const auto port = static_cast<std::uint16_t>(41500 + g);
    const int pid = 4000 + static_cast<int>(g);
    says(g).on_started({g}, {.pid = pid, .told = Endpoint::loopback_v4(port), .mode = "lease"});
  }
  void ready(std::uint32_t g) {
    const auto port = static_cast<std::uint16_t>(41500 + g);
    started(g);
    says(g).on_ready({g}, {.endpoint = Endpoint::loopback_v4(port), .check = "GET / 200"});
    poll();
  }
  void fail(std::uint32_t g) {
    started(g);
    says(g).on_start_failed({g}, {.kind = backend::StartFailure::Kind::Exited,
                                  .what = "it ended: exit 1",
                                  .hint = "look at line 3",
                                  .exit = backend::ExitStatus{.signalled = false, .value = 1},
                                  .last_lines = {"ImportError"}});
  }
  void exited(std::uint32_t g) {
    says(g).on_exited({g}, {.signalled = false, .value = 1});
    poll();
  }
  void stopped(std::uint32_t g) {
    says(g).on_stopped({g}, {.exit = {.signalled = false, .value = 0}, .descendants = {}});
    poll();
  }
  void released(std::uint32_t g, backend::ReleaseCertificate::Verdict verdict =
                                     backend::ReleaseCertificate::Verdict::StrictlyFree) {
    const auto port = static_cast<std::uint16_t>(41500 + g);
    says(g).on_released(
        {g}, {.verdict = verdict, .endpoint = Endpoint::loopback_v4(port), .leftovers = {}, .holders = {}});
    poll();
  }
  void gone(std::uint32_t g) {
    stopped(g);
    released(g);
  }
  void serve_first() {
    shell->start();
    ready(1);
  }
  control::AppStatus status() {
    control::AppStatus got;
    shell->status([&got](control::AppStatus status) { got = std::move(status); });
    poll();
    return got;
  }
};

}  // namespace berth::swap
