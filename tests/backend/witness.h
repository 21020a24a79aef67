// A backend under test and all that it told: runs its loop until something happened, with a deadline. Starts
// real processes; knows nothing of the front.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/descriptor.h"

namespace berth::backend::test {

/// Runs `loop` until `done` holds; false after `limit`.
bool run_until(boost::asio::io_context& loop, const std::function<bool()>& done,
               std::chrono::milliseconds limit = std::chrono::seconds(20));

class Witness final : public BackendEvents {
 public:
  explicit Witness(LaunchSpec spec);
  ~Witness() override;
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  /// Each waits for the event it is named for; false if it does not come.
  bool starts();
  bool becomes_ready();
  bool moves();
  bool fails();
  bool exits();
  bool stops();
  bool releases(std::chrono::milliseconds deadline = std::chrono::seconds(5));
  bool says(const std::string& part);
  bool notes_part(const std::string& part) const;

  boost::asio::io_context loop;
  std::optional<Backend> backend;
  std::vector<Started> started;
  std::vector<std::string> notes, lines, error_lines;
  std::vector<std::string> answers;  ///< that did not make it ready: "GET / gave 500 …, 2"
  std::optional<Ready> ready;
  std::optional<Ready> moved;
  std::optional<StartFailure> failure;
  std::optional<ExitStatus> exited;
  std::optional<Stopped> stopped;
  std::optional<ReleaseCertificate> released;
  std::function<void(const Started&)> when_started;

 private:
  void on_started(Generation, const Started&) override;
  void on_note(Generation, const std::string&) override;
  void on_line(Generation, bool is_stderr, std::string_view) override;
  void on_unready(Generation, const std::string& answer, unsigned times) override;
  void on_ready(Generation, const Ready&) override;
  void on_moved(Generation, const Ready&) override;
  void on_start_failed(Generation, const StartFailure&) override;
  void on_exited(Generation, const ExitStatus&) override;
  void on_stopped(Generation, const Stopped&) override;
  void on_released(Generation, const ReleaseCertificate&) override;
};

/// Starts `spec` with that much time, waits until it fails and until it is stopped, and says why it failed.
StartFailure failure_of(LaunchSpec spec, std::chrono::milliseconds timeout);

/// /usr/bin/python3 -c `code`, after a prelude that imports what servers need and defines
/// serve(host, port, status=200) (a number, or what gives one for each request), listen() (a socket on PORT),
/// say(text) and stay() (says "up" and sleeps).
LaunchSpec python(const std::string& code);
LaunchSpec shell(const std::string& code);

/// Leaves grandchildren of three kinds and says their pids; ready once they are all up, and those that only
/// lead to them gone.
inline constexpr const char* kFamily = R"(
def child(name, code, **more):
    p = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True, **more)
    say(name + '=' + p.stdout.readline().strip())
sleeper = 'import os, signal, time; print(os.getpid(), flush=True); time.sleep(1000)'
child('plain', sleeper)
child('session', sleeper, start_new_session=True)
child('double', '''
import os, time
for again in (True, False):
    parent = os.getpid()
    if os.fork(): os._exit(0)
    while os.getppid() == parent: os.sched_yield()
    if again: os.setsid()
print(os.getpid(), flush=True)
time.sleep(1000)
''')
)";

/// Whether the process is there and no zombie.
bool lives(int pid);

/// The number in "name=123" of the first line that has it; 0 if none has.
int number_said(const std::vector<std::string>& lines, const std::string& name);

/// A listening socket of the test's own; SO_REUSEADDR if asked for. Empty: see errno.
enum class Reuse { No, Yes };
Descriptor listener_on(const Endpoint& endpoint, Reuse reuse = Reuse::No);
Descriptor bound_to(const Endpoint& endpoint, Reuse reuse = Reuse::No);
/// A number that the kernel gives to nobody by itself, and that nothing has on any address now: one that it
/// gave may be somebody else's, or have a TIME_WAIT, on another address.
std::uint16_t free_number();

}  // namespace berth::backend::test
