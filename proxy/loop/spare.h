// The descriptor that a loop keeps for when there are no more.
#pragma once

#include "proxy/loop/fd.h"

namespace berth::loop {

/// That the process, or the system, has no descriptor left.
bool out_of_descriptors(int error);

/// One descriptor without a use of its own. Who accepts connections keeps it, and accepts none without it;
/// who connects to a backend lets it go when there is no other, so that whoever was accepted gets an answer.
/// Lives in one loop.
class Spare {
 public:
  /// False: there is none to be had now.
  bool keep();
  /// False: it is gone already.
  bool let_go();

 private:
  Fd fd_;
};

}  // namespace berth::loop
