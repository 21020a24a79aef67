#include "proxy/run_keys.h"

#include <algorithm>
#include <utility>

#include "proxy/control/phase_text.h"
#include "proxy/control/terminal.h"

namespace berth {
namespace {

constexpr std::string_view kKeys = "keys: s swap, w why, l clear, q quit\n";
constexpr std::string_view kMore =
    "s  swap: the same command, as a new generation\n"
    "w  why: the last swap, in sentences\n"
    "l  clear the screen\n"
    "q  quit: in order; again at once\n";
constexpr std::string_view kClear = "\x1b[H\x1b[2J\x1b[3J";
constexpr std::size_t kMostChoices = 9;  // one key each

}  // namespace

RunKeys::RunKeys(boost::asio::io_context& control, Surroundings around)
    : around_(std::move(around)), keys_(control, [this](char key) { press(key); }) {}

void RunKeys::start() {
  if (keys_.start()) around_.show(kKeys);
}

void RunKeys::press(char key) {
  if (!choice_.empty()) {
    const std::vector<std::string> choice = std::exchange(choice_, {});
    if (key == 'a')
      for (const std::string& app : choice) swap(app);
    else if (key >= '1' && static_cast<std::size_t>(key - '1') < choice.size())
      swap(choice[static_cast<std::size_t>(key - '1')]);
    else
      around_.show("nothing is swapped\n");
    return;
  }
  switch (key) {
    case 's':
      return ask_which();
    case 'w':
      return why();
    case 'l':
      return around_.show(kClear);
    case 'q':
      return around_.quit();
    case 'h':
    case '?':
      return around_.show(kMore);
    case '\r':
    case '\n':
      return around_.show("\n");  // room, as a shell gives it
    default:
      return;
  }
}

/// What holds words of a backend.
void RunKeys::tell(const std::string& text) const {
  around_.show(control::Terminal::of_process().shown(text));
}

void RunKeys::ask_which() {
  const std::vector<std::string> apps = around_.service.apps();
  if (apps.size() == 1) return swap(apps.front());
  choice_ = apps;
  std::string text = "swap which?";
  for (std::size_t n = 0; n < apps.size() && n < kMostChoices; ++n)
    text += "  " + std::to_string(n + 1) + " " + apps[n];
  around_.show(text + "  a all  (any other key: none)\n");
}

void RunKeys::swap(const std::string& app) {
  control::SwapWatch watch;
  watch.on_queued = [this](const std::string& text) { tell("queued: " + text + "\n"); };
  watch.on_result = [this, app](const control::SwapResult& result) {
    const control::Paint paint(control::Terminal::of_process().colour);
    const observe::SwapReport* report = result.report ? &*result.report : nullptr;
    const bool one = around_.service.apps().size() == 1;
    tell((one ? "" : paint.bold(app) + "  ") +
         control::result_text(result.kind, result.reason, report, paint));
  };
  control::SwapRequest request;
  request.asker = control::SwapAsker::Key;
  watched_[app] = around_.service.swap(app, std::move(request), std::move(watch));
}

void RunKeys::why() {
  std::vector<observe::SwapReport> newest;
  for (const std::string& app : around_.service.apps()) {
    std::vector<observe::SwapReport> reports = around_.service.reports(app);
    const bool newer = !reports.empty() &&
                       (newest.empty() || reports.front().started_unix_ms > newest.front().started_unix_ms);
    if (newer) newest = std::move(reports);
  }
  if (newest.empty()) return around_.show("nothing was started yet\n");
  around_.service.status([this, alive = std::weak_ptr<char>(alive_),
                          report = newest.front()](const control::FrontStatus& front) {
    if (alive.expired()) return;
    const auto now = std::find_if(front.apps.begin(), front.apps.end(),
                                  [&](const control::AppStatus& app) { return app.name == report.app; });
    const control::Terminal terminal = control::Terminal::of_process();
    tell("\n" +
         control::why_text(report, terminal.colour, terminal.columns,
                           now == front.apps.end() ? nullptr : &*now) +
         "\n");
  });
}

}  // namespace berth
