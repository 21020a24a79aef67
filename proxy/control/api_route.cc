#include "proxy/control/api_route.h"

#include <array>
#include <charconv>

namespace berth::control {
namespace {

struct AppPath {
  std::string_view tail;
  std::string_view method;
  ApiCallKind kind;
};

constexpr std::array<AppPath, 13> kAppPaths{{{"", "GET", ApiCallKind::App},
                                             {"report", "GET", ApiCallKind::Report},
                                             {"reports", "GET", ApiCallKind::Reports},
                                             {"history", "GET", ApiCallKind::History},
                                             {"logs", "GET", ApiCallKind::Logs},
                                             {"swap", "POST", ApiCallKind::Swap},
                                             {"restart", "POST", ApiCallKind::Restart},
                                             {"attach", "POST", ApiCallKind::Attach},
                                             {"detach", "POST", ApiCallKind::Detach},
                                             {"rollback", "POST", ApiCallKind::Rollback},
                                             {"pause", "POST", ApiCallKind::Pause},
                                             {"resume", "POST", ApiCallKind::Resume},
                                             {"cancel", "POST", ApiCallKind::Cancel}}};

ApiCall checked(ApiCallKind kind, std::string_view method, std::string_view wanted) {
  ApiCall call;
  call.kind = method == wanted ? kind : ApiCallKind::WrongMethod;
  call.allow = std::string(wanted);
  return call;
}

template <class Number>
bool read_number(std::string_view text, Number& into) {
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc{} && stop == text.data() + text.size();
}

void read_query(std::string_view query, ApiCall& call) {
  while (!query.empty()) {
    auto end = query.find('&');
    std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    auto equals = pair.find('=');
    std::string_view name = pair.substr(0, equals);
    std::string_view value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    bool fine = false;
    if (call.kind == ApiCallKind::Logs) {
      if (name == "follow") fine = value == "0" || value == "1";
      if (name == "follow") call.follow = value == "1";
      if (name == "after") fine = read_number(value, call.after);
      if (name == "limit") fine = read_number(value, call.limit) && call.limit <= 10'000;
    }
    if (fine) continue;
    call.kind = ApiCallKind::BadQuery;
    call.wrong = "'" + std::string(pair) +
                 "' is not understood here; logs takes follow=0|1, after=N and limit=N (at most 10000)";
    return;
  }
}

}  // namespace

ApiCall read_api_call(std::string_view method, std::string_view target) {
  auto question = target.find('?');
  std::string_view path = target.substr(0, question);
  std::string_view query =
      question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  constexpr std::string_view kApps = "/v1/apps/";
  ApiCall call;
  if (path == "/v1/status") call = checked(ApiCallKind::Status, method, "GET");
  if (path == "/v1/events") call = checked(ApiCallKind::Events, method, "GET");
  if (path == "/v1/reload") call = checked(ApiCallKind::Reload, method, "POST");
  if (path == "/metrics") call = checked(ApiCallKind::Metrics, method, "GET");
  if (path == "/v1/stop") call = checked(ApiCallKind::Stop, method, "POST");
  if (path.starts_with(kApps)) {
    path.remove_prefix(kApps.size());
    auto slash = path.find('/');
    // Names hold no byte that would need an escape (validate.cc), so the segment is the name.
    std::string_view tail = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    for (const AppPath& known : kAppPaths) {
      if (known.tail == tail && (slash == std::string_view::npos) == tail.empty())
        call = checked(known.kind, method, known.method);
    }
    call.app = std::string(path.substr(0, slash));
    if (call.app.empty()) call.kind = ApiCallKind::NotFound;
  }
  if (call.kind != ApiCallKind::NotFound && call.kind != ApiCallKind::WrongMethod) read_query(query, call);
  return call;
}

}  // namespace berth::control
