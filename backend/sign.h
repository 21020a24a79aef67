// What a backend says of its own readiness, beside its listener: a message to NOTIFY_SOCKET or a line of its
// output. A value; who hears it is notify's and log's own.
#pragma once

#include <string>

namespace berth::backend {

struct Sign {
  bool given = false;
  std::string
      text;  ///< given: "READY=1 came"; else what is missing: "READY=1 did not come; STATUS=loading model"
};

}  // namespace berth::backend
