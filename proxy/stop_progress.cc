#include "proxy/stop_progress.h"

#include "config/duration_text.h"

namespace berth {
namespace {

constexpr std::chrono::seconds kFirst{1};
constexpr std::chrono::seconds kBetween{5};

/// "in 25s", or "now". In whole seconds: what is told once in a while need not be exact.
std::string when_text(std::int64_t ms) {
  return ms == 0 ? "now" : "in " + duration_text(std::chrono::ceil<std::chrono::seconds>(Milliseconds(ms)));
}

std::string waiting_text(const control::GenerationStatus& g) {
  const std::string left = g.left_ms < 0 ? std::string() : when_text(g.left_ms);
  if (g.state == "draining" || g.state == "pinned") {
    if (g.holders == 0) return "ends its last exchanges";
    const bool one = g.holders == 1;
    const std::string what = "still answers " + std::to_string(g.holders) + " request" + (one ? "" : "s");
    return left.empty() ? what : what + ", " + (one ? "which is" : "which are") + " cut " + left;
  }
  if (g.state == "stopping")
    return "was asked to end" + (g.pid == 0 ? "" : " (pid " + std::to_string(g.pid) + ")") +
           (left.empty() ? "" : "; KILL comes " + left);
  return g.state == "releasing" ? "has ended; its port is being proven free" : "is to end";
}

}  // namespace

std::vector<std::string> waiting_lines(const std::vector<control::AppStatus>& apps) {
  std::vector<std::string> lines;
  for (const control::AppStatus& app : apps)
    for (const control::GenerationStatus& g : app.generations)
      if (g.state != "unreleased")
        lines.push_back(app.name + ": generation " + std::to_string(g.generation.number) + " " +
                        waiting_text(g));
  return lines;
}

void StopProgress::start() { wait(kFirst); }

void StopProgress::wait(std::chrono::seconds time) {
  timer_.expires_after(time);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    ask_([this](const std::vector<control::AppStatus>& apps) {
      for (const std::string& line : waiting_lines(apps)) tell_("waiting: " + line);
    });
    wait(kBetween);
  });
}

}  // namespace berth
