// One app's reports: those of the running swaps and retirements, and the last finished ones (promise P12).
// Turns what happens to a generation into phases, tells whoever watches, and closes a report when both its
// swap and its retirement are over. Knows no machine, process or worker. Lives on the control loop.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/control/service.h"
#include "proxy/observe/report.h"
#include "proxy/swap/patience.h"

namespace berth::swap {

class ReportBook {
 public:
  /// What somebody watches; the book holds it weakly, so that a watcher leaves by dropping it.
  using Watch = std::weak_ptr<control::SwapWatch>;

  struct Surroundings {
    std::string app;
    std::function<Moment()> now;
    std::function<std::int64_t()> unix_ms;
    std::function<void(std::function<void(http::Counters)>)> counters;
    /// A phase has begun or ended, whoever watches.
    std::function<void(const observe::PhaseRecord&)> phase{};
    /// A report was closed: its swap and its retirement are over.
    std::function<void(const observe::SwapReport&)> closed;
  };

  /// The beginning of a swap.
  struct Opening {
    observe::SwapCause cause = observe::SwapCause::Swap;
    Generation from{};  ///< 0: none
    Generation to{};    ///< 0: none is to come
    SwapOrder order = SwapOrder::Overlap;
    std::vector<std::string> command{};
    std::string external{};
    std::string dir{};
    Moment asked{0};
    Watch watch{};
  };

  /// Why a generation did not come, or did not go as it should.
  struct Reason {
    observe::SwapOutcome outcome = observe::SwapOutcome::Failed;
    bool superseded = false;  ///< a newer swap took its place
    std::string what{};
    std::string hint{};
    std::vector<std::string> last_lines{};
  };

  static constexpr std::size_t kKept = 50;

  explicit ReportBook(Surroundings around) : around_(std::move(around)) {}
  ReportBook(const ReportBook&) = delete;
  ReportBook& operator=(const ReportBook&) = delete;

  /// A swap begins, or with no `to` what serves leaves. A restart continues the report of the crash, or of
  /// the failed swap, that it answers, if that is still open.
  void begin(const Opening& opening);
  void switched(Generation to);
  /// The new generation will not serve. Fails the phase that it was in.
  void abandoned(Generation to, const Reason& reason);
  /// What served before it is started again, in the same report.
  void comes_back(Generation to);
  /// It is gone, too.
  void swap_over(Generation to);

  /// The current generation ended unasked. `restarts`: a restart will follow, and belongs to the same report.
  enum class Restart : std::uint8_t { Follows, Never };
  void crashed(Generation from, const std::string& what, const std::vector<std::string>& last_lines,
               Restart restart);
  /// No restart answers the crash: somebody swapped instead, or the shutdown began.
  void forgo_restart(const std::string& why);
  /// Nothing is tried again until somebody swaps: the newest report tells so, if it does not yet.
  void rest(const std::string& why);
  /// An old generation begins to leave; opens the report of a shutdown where no other waits for it.
  void leaving(Generation from);
  /// It is kept for a while instead: whoever watches has seen the end of its swap, whose report goes on.
  void kept(Generation from, const std::string& note);
  /// It was kept, and comes again: it leaves no more.
  void revived(Generation from);
  /// It is gone, or (with a reason) not provably.
  void left(Generation from, const std::optional<Reason>& unreleased);

  void phase_begun(Generation generation, observe::PhaseName name);
  void phase_ended(Generation generation, observe::PhaseName name, observe::PhaseState state,
                   const std::string& detail);
  /// Corrects the detail of a phase that is over: a start that was tried again.
  void phase_corrected(Generation generation, observe::PhaseName name, const std::string& detail);
  void note(Generation generation, const std::string& text);
  /// The id of the report that tells of `generation` now, or told last; 0: none does.
  std::uint64_t report_of(Generation generation) const;
  /// What became known of a swap later, even behind its end.
  void note_in(std::uint64_t report, const std::string& text);
  /// What happened behind all swaps: the newest report tells it.
  void remark(const std::string& text);
  void drained(Generation from, const observe::DrainCount& count);

  bool any_open() const { return !open_.empty(); }
  /// Closes what waits only for its last counters. For the end, when no worker may answer any more.
  void close_all();

  /// Newest first, running ones included, at most kKept.
  std::vector<observe::SwapReport> reports() const;

 private:
  enum class Coming : std::uint8_t {
    Awaited,  ///< a restart will follow, or what served before comes back
    Running,
    Over,
  };
  enum class Leaving : std::uint8_t {
    Possible,  ///< `from` serves
    Running,
    Over,
  };
  enum class Closing : std::uint8_t { No, Counting, Closed };

  struct Open {
    observe::SwapReport report;
    std::vector<Moment> began;  ///< of each phase
    Moment asked{0};
    std::optional<http::Counters> at_start;
    Coming coming = Coming::Running;
    Leaving leaving = Leaving::Possible;
    std::string unreleased;  ///< why what left before the switch is not provably gone; empty: it is
    std::string unreleased_hint;
    Generation returning{};  ///< what comes back as this one
    bool superseded = false;
    Closing closing = Closing::No;
    observe::SwapOutcome verdict = observe::SwapOutcome::Failed;  ///< becomes the outcome once it is gone
    Watch watch;
  };
  using OpenPtr = std::shared_ptr<Open>;

  static constexpr std::size_t kMostNotes = 30;  ///< of one report, of what may come again and again

  OpenPtr open(const Opening& opening, Coming coming, Leaving leaving);
  OpenPtr coming(Generation to) const;
  OpenPtr leaver(Generation from) const;
  OpenPtr of_phase(Generation generation, observe::PhaseName name) const;
  void tell_phase(const OpenPtr& open, std::size_t index);
  void close_if_over(const OpenPtr& open);
  static void count(Open& open, const http::Counters& at_end);
  static void tell_result(const OpenPtr& open);
  void close(const OpenPtr& open, const std::optional<http::Counters>& at_end);

  const Surroundings around_;
  std::uint64_t newest_ = 0;
  std::list<OpenPtr> open_;
  std::deque<observe::SwapReport> closed_;  ///< newest first
};

}  // namespace berth::swap
