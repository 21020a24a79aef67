// One app's hooks: runs the commands of [app.NAME.hooks] when the shell says that something has happened,
// each at once and beside the others, and tells which failed. Knows no machine and no report's inside. Lives
// on the control loop; its destruction kills what still runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/errand.h"
#include "config/config.h"

namespace berth::swap {

enum class HookName : std::uint8_t { Ready, Switched, Released, Failed };

/// "ready", as in the file
std::string_view word(HookName name);

/// What has happened: becomes the hook's environment.
struct HookFacts {
  HookName name = HookName::Ready;
  Generation about{};                  ///< whose endpoint and pid these are; never 0
  Generation generation{};             ///< 0: none
  Generation old_generation{};         ///< 0: none
  std::optional<Endpoint> endpoint{};  ///< absent: nobody comes to it, or none was found
  int pid = 0;                         ///< 0: it is not berth's, or it never ran
  std::string reason{};
  std::uint64_t report = 0;  ///< whose note a failure is to be
};

/// Where and as what an app's hooks run.
struct HookSettings {
  std::string app;
  HooksConfig config;
  std::string dir;
  std::map<std::string, std::string> env;
  std::string user;
  std::string address;       ///< the app's first public one; empty: nobody comes to it
  std::string control_path;  ///< empty: not set
};

struct HookFailure {
  HookFacts facts;
  backend::ErrandEnd::Kind kind = backend::ErrandEnd::Kind::Failed;
  std::string what;                     ///< "the ready hook ended with exit 1"
  std::string hint;                     ///< what to do
  std::vector<std::string> last_lines;  ///< of its output, oldest first
};

/// With its last line: for the log, or a note.
std::string text_of(const HookFailure& failure);

/// The variables that `facts` become. All are always set; what there is none of is empty.
std::map<std::string, std::string> hook_variables(const HookFacts& facts, const HookSettings& settings);

class Hooks {
 public:
  /// Starts one command: backend::start_errand, or what stands for it in a test.
  using Run = std::function<std::unique_ptr<backend::Errand>(
      const backend::LaunchSpec& launch, backend::ErrandSpec what, backend::ErrandEvents events)>;

  struct Events {
    std::function<void(const HookFacts&, bool is_stderr, std::string_view line)> on_line;
    std::function<void(const HookFailure&)> on_failed;  ///< of one that nothing waited for
    std::function<void()> on_idle;                      ///< the last one has ended
  };

  /// What ran, with nullopt for a pass.
  using Done = std::function<void(const std::optional<HookFailure>&)>;

  /// How many of one app run at once; beyond, one that nothing waits for is not run, and told as failed.
  static constexpr std::size_t kMost = 16;

  Hooks(HookSettings settings, Run run, Events events);
  ~Hooks();
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  /// For the next one that is run.
  void configure(HookSettings settings) { settings_ = std::move(settings); }

  /// Whether a swap is to wait for the ready hook.
  bool wait_for_ready() const { return settings_.config.wait_for_ready(); }

  /// Runs it if there is a command. With `done` that is told instead of on_failed, from a handler.
  void run(HookFacts facts, Done done = nullptr);

  /// Ends the hook of `generation` that something waits for: its `done` is not called any more.
  void forget(Generation generation);

  /// Whether one runs.
  bool any() const { return !running_.empty(); }

  /// "switched of generation 2, released of generation 1": what runs, and was not told to
  /// end, oldest first.
  std::string running_text() const;

  /// Kills what runs, without a word, and runs nothing any more; on_idle follows.
  void close();

 private:
  struct Running {
    HookFacts facts;
    Done done;
    std::vector<std::string> last_lines;
    std::unique_ptr<backend::Errand> errand;
    bool unwanted = false;  ///< nobody is told how it ended
  };

  const HooksConfig::Command& command(HookName name) const;
  void ended(std::list<Running>::iterator at, const backend::ErrandEnd& end);

  HookSettings settings_;
  const Run run_;
  const Events events_;
  std::list<Running> running_;
  bool closed_ = false;
};

}  // namespace berth::swap
