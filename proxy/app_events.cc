// What the app hears of its apps, and whom it tells: the log, and who follows the events.
#include "proxy/app.h"

namespace berth {

void App::on_log(observe::Level level, const std::string& app, Generation generation,
                 const std::string& text) {
  log_.line(level, app, generation, text);
}

void App::on_line(const std::string& app, const control::LogLine& line) {
  log_.backend_line(app, line.generation, line.is_stderr, control::shown_text(line));
}

void App::on_phase(const std::string& app, const observe::PhaseRecord& phase) { events_.tell(app, phase); }

void App::on_state(const std::string& app, const std::string& state) {
  events_.tell(app, control::Event::State{state});
}

void App::on_report(const observe::SwapReport& report) { events_.tell(report.app, report); }

void App::on_stopped(const std::string& app) {
  events_.tell(app, control::Event::State{std::string(control::kGone)});
  fleet_->ended(app);
}

std::shared_ptr<void> App::follow_events(std::function<void(const control::Event&)> on_event) {
  for (const std::string& app : fleet_->names())
    on_event(control::EventBook::made(app, control::Event::State{fleet_->state(app)}));
  return events_.follow(std::move(on_event));
}

}  // namespace berth
