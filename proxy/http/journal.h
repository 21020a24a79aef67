// What one loop writes down of its requests beside the counters of their apps: new request ids, the way to
// the access log, what no app is to be asked about. Lives as long as its worker.
#pragma once

#include "proxy/http/http_date.h"
#include "proxy/http/request_id.h"
#include "proxy/observe/access_ring.h"
#include "proxy/route/tally.h"

namespace berth::http {

struct Journal {
  RequestIds ids;
  HttpDate date;
  observe::AccessRing* access = nullptr;  ///< nullptr: there is no access log
  route::Tally front;                     ///< of connections and heads that came to no app
};

}  // namespace berth::http
