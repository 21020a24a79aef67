// One step of the supervisor machine in the making: the class behind step(), in two files, for what comes and
// for what leaves. Lives for one step; knows nothing that the machine does not know.
#pragma once

#include <vector>

#include "proxy/swap/supervisor_machine.h"

namespace berth::swap {

class SupervisorStepper {
 public:
  SupervisorStepper(const Supervisor& before, Moment now)
      : out_{.next = before, .actions = {}}, s_(out_.next), now_(now) {}

  SupervisorStep take(const SupervisorEvent& event);

 private:
  using Do = SupervisorActionKind;

  bool coming(Generation g) const { return s_.swap && s_.swap->to == g; }
  bool clearing() const { return s_.swap && s_.swap->state == SwapState::Clearing; }
  bool starting() const { return s_.swap && s_.swap->state == SwapState::Starting; }
  bool switching() const { return s_.swap && s_.swap->state == SwapState::Switching; }
  bool stopping() const { return s_.state == AppState::Stopping; }

  // What comes: supervisor_machine.cc
  void tell(SupervisorActionKind kind, Generation g = {}, const Ask& ask = {}, SwapEnd end = SwapEnd::None);
  /// It is none from here on; 0: there was none.
  Generation take_current();
  void become(AppState next, Moment deadline = kNever);
  void begin(const Ask& ask);
  /// Without a start: the warm one again, which is no longer retiring.
  void revive(Generation warm);
  void begin_again();
  /// Back to the warm one, because the current one is no good.
  void begin_back();
  /// The current one hangs: whatever is there instead of it, or a new one of its command.
  void unhealthy(Generation g);
  bool keeps_old() const;
  void ask(const Ask& ask);
  bool gives_way() const;
  /// As those who watch it are told.
  SwapEnd end_of(const Swap& swap) const;
  void vacate(const Ask& ask);
  void cancel();
  void rest();
  void feed_swap(SwapEvent event);
  void switched();
  void swap_failed();
  /// The current generation ended unasked.
  void crash();
  void exited(Generation g);
  /// Goes on with what is due when a swap or a generation has ended; `otherwise` where nothing serves then.
  void settle(AppState otherwise);

  // What leaves: supervisor_leaving.cc
  /// The stop-start order: what serves leaves first, and so does what is already leaving.
  void clear();
  void start_if_cleared();
  void hold_current();
  /// No request goes to the current one any more, which is to leave before anything comes.
  void retire_held();
  void retire(RetirementStep begun);
  /// Nobody goes back to the warm one any more.
  void cool();
  /// Nothing is kept any longer: neither warm nor for those that are pinned.
  void cool_all();
  /// For one that others wait for: its pinned ones are cut with the rest.
  Patience unpinned() const;
  void hurry_oldest();
  void perform(Generation g, const std::vector<RetirementAction>& actions);
  void feed_retirement(Generation g, RetirementEvent event);
  void shut_down();
  /// After a switch that a shutdown had to wait for.
  void withdraw();
  void retire_current();
  /// A worker has not answered within a whole drain: what the current one carries has had its time.
  void retire_unanswered();
  void hurry_all();
  void finish_if_empty();
  void tick();
  std::vector<Generation> retiring() const;

  SupervisorStep out_;
  Supervisor& s_;
  Moment now_;
  SwapEnd cancelled_as_ = SwapEnd::Cancelled;  ///< what a Cancel of this step means
};

}  // namespace berth::swap
