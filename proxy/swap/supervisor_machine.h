// One app's generations: which is current, which is coming, which are leaving; the queue of one; restarts
// after a crash; the shutdown (design section 2). Composes one swap and any number of retirements, so that
// the shell talks to one machine. Decides, and does nothing itself; knows no process, worker, clock or
// command. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/swap/retirement_machine.h"
#include "proxy/swap/swap_machine.h"

namespace berth::swap {

enum class AppState : std::uint8_t {
  New,        ///< not started
  Starting,   ///< no current generation; one is being started
  Serving,    ///< a current generation, and no swap
  Swapping,   ///< a current generation, and a swap
  Crashed,    ///< the current one ended unasked; waits out its backoff before the restart
  Failed,     ///< a start failed with no generation to serve meanwhile; waits out its backoff before the next
  Cancelled,  ///< somebody ended the starting; rests until a swap
  Vacant,     ///< nothing is to serve; requests are held until a swap
  Stopping,   ///< the shutdown: everything retires
  Finished,   ///< nothing is left
};
inline constexpr int kAppStates = 10;

/// Who wants a generation.
enum class Origin : std::uint8_t {
  First,      ///< `berth run` itself
  User,       ///< a swap or restart that somebody asked for
  Automatic,  ///< the machine: after a crash or a failed start
};

enum class QueuePolicy : std::uint8_t {
  Wait,     ///< behind the running swap
  Replace,  ///< in place of the running swap, where that is not ready and what served before it still does,
            ///< or nothing did; else as Wait
  Refuse,   ///< --no-queue
};

/// How an ask is met.
enum class Way : std::uint8_t {
  Start,   ///< by a new generation
  Revive,  ///< by the generation that is kept warm; by a new one where none is
};

/// A wish for a new generation. What it means (command, directory) is the shell's, which finds it by
/// `number`.
struct Ask {
  std::uint64_t number = 0;
  Origin origin = Origin::User;
  QueuePolicy policy = QueuePolicy::Wait;
  SwapOrder order = SwapOrder::Overlap;
  Way way = Way::Start;
  Milliseconds released_within{0};  ///< what the one that leaves for it is given to release its port; 0: not
                                    ///< said
};

enum class SupervisorEventKind : std::uint8_t {
  Start,     ///< with `ask`: the first generation
  Swap,      ///< with `ask`
  Vacate,    ///< with `ask`: what serves leaves, and nothing comes; instead of Start, too
  Cancel,    ///< end the running swap; where nothing serves and nobody asked for it, the starting altogether
  Shutdown,  ///< retire everything
  Hurry,     ///< the second signal: without drain and grace
  Ready,     ///< of `generation`, as all below up to Unhealthy
  StartFailed,
  Exited,
  Acknowledged,  ///< every worker has it
  Emptied,       ///< no worker has a holder of it
  Stopped,
  Free,
  Held,
  Unhealthy,  ///< `generation`, the current one, does not answer its checks
  Holding,    ///< every worker holds requests (the answer to HoldRequests)
  Refusing,   ///< every worker refuses requests (the answer to RefuseRequests)
  Tick,       ///< time has passed
};
inline constexpr int kSupervisorEvents = 18;

struct SupervisorEvent {
  SupervisorEventKind kind = SupervisorEventKind::Tick;
  Generation generation{};
  Ask ask{};
};

enum class SupervisorActionKind : std::uint8_t {
  // To perform:
  StartBackend,    ///< `generation`, for `ask`
  SwitchTarget,    ///< to `generation`
  HoldRequests,    ///< the target is dead or is to leave first, or one comes after a Rest
  RefuseRequests,  ///< the shutdown has begun
  Rest,            ///< refuse requests until HoldRequests or SwitchTarget: the starting was cancelled
  WatchDrain,      ///< of `generation`, as all to Forget
  CutOthers,
  CutHolders,
  StopBackend,
  KillBackend,
  ReleaseBackend,
  Forget,  ///< its retirement is over, with Free, Held or without proof: let go of it
  // To tell:
  Queued,             ///< `ask` waits
  Superseded,         ///< `ask` lost its place to a newer one
  Refused,            ///< `ask` will not be tried
  SwitchLate,         ///< a worker has not acknowledged `generation` in time
  Begun,              ///< the swap to `generation` for `ask`, before anything is started or taken out for it
  Vacated,            ///< for `ask` `generation` (0: none) leaves, and nothing comes
  Switched,           ///< `generation` is current
  Warmed,             ///< `generation` was current and is kept warm
  Revived,            ///< `generation`, kept warm until now, comes again; Begun follows
  Abandoned,          ///< `generation` will not serve; see `end`
  ComesBack,          ///< what served before the failed `generation` is started again, at once
  SwapFailed,         ///< the abandoned `generation` is gone; the swap is over
  Crashed,            ///< `generation` was current and ended unasked
  RetirementOverdue,  ///< `generation` did not end or release in time; given up
  FirstReady,
  FirstStartFailed,
  Finished,
};

struct SupervisorAction {
  SupervisorActionKind kind = SupervisorActionKind::StartBackend;
  Generation generation{};
  Ask ask{};
  SwapEnd end = SwapEnd::None;
};

/// The whole state of one app. A value.
struct Supervisor {
  AppState state = AppState::New;
  Patience patience{};
  SwapOrder order = SwapOrder::Overlap;  ///< of what the machine starts by itself
  Generation current{};                  ///< 0: none
  Generation newest{};                   ///< the last number given
  std::optional<Swap> swap{};            ///< the running one
  Ask asked{};                           ///< what it is for
  std::optional<Ask> queued{};
  std::vector<Retirement> retirements{};  ///< oldest first
  std::uint64_t restart = 0;   ///< the ask to repeat after a crash: the last that served, else the last tried
  std::uint64_t previous = 0;  ///< the ask that served before `restart`; 0: none
  std::uint64_t served = 0;    ///< how many generations have served
  bool rests = false;          ///< cancelled: what fails is not tried again until something serves
  bool leaving = false;        ///< the current one was made to hold, so it serves no more and is to leave
  bool vacant = false;         ///< vacated: there is nothing to try again until something serves
  unsigned failures = 0;       ///< crashes and failed starts in a row
  Moment serving_since{0};
  Moment deadline = kNever;  ///< of the state itself: the backoff, or the wait for Holding or Refusing
  Pace pace = Pace::Calm;    ///< of the shutdown
};

struct SupervisorStep {
  Supervisor next;
  std::vector<SupervisorAction> actions;  ///< in the order in which to perform them
};

/// Which events a state takes; step() asserts on the illegal ones and otherwise leaves the state alone.
Legality legality(AppState state, SupervisorEventKind event);

/// Whether the state may follow the other: the transitions that exist.
bool can_follow(AppState before, AppState next);

/// What a retirement asks for, as the supervisor asks for it.
SupervisorActionKind action_of(RetirementAction action);

/// What Emptied, Stopped, Free and Held mean to the retirement of their generation.
RetirementEvent retirement_event(SupervisorEventKind event);

/// The generation that is kept warm; 0: none.
Generation warm_one(const Supervisor& supervisor);

/// Whether a Cancel would end something: a start that is no switch yet, or the wait for the next one.
bool can_cancel(const Supervisor& supervisor);

SupervisorStep step(const Supervisor& supervisor, const SupervisorEvent& event, Moment now);

/// When the next Tick will matter; kNever: none is needed. A Tick before its time changes nothing.
Moment next_deadline(const Supervisor& supervisor);

/// The wait before the restart that follows the `failures`th failure in a row (from 1).
Milliseconds backoff(const Patience& patience, unsigned failures);

}  // namespace berth::swap
