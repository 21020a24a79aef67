// The program: which of its several selves this process is, and nothing else.
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "backend/backend.h"
#include "backend/demo/demo.h"
#include "backend/keeper_link.h"
#include "config/command_line.h"
#include "config/run_config.h"
#include "config/working_dir.h"
#include "proxy/app.h"
#include "proxy/control/terminal.h"
#include "proxy/control/verbs.h"
#include "proxy/load/verb_load.h"
#include "proxy/say.h"

namespace {

using namespace berth;

/// Two descriptors per proxied connection: the soft limit is a default for programs that use select(2).
void raise_descriptor_limit() {
  rlimit limit = backend::descriptor_limit_at_start();  // remembered for the backends
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// A thread has its stack from the soft limit (`ulimit -s`), and from that its thread-local storage, too: of
/// a low one nothing is left to run on.
void give_threads_stack() {
  constexpr std::size_t kLeast = 2 * 1024 * 1024;  ///< bytes; touched pages alone cost memory
  std::size_t size = 0;
  pthread_attr_t attributes;
  if (::pthread_getattr_default_np(&attributes) != 0) return;
  if (::pthread_attr_getstacksize(&attributes, &size) == 0 && size < kLeast &&
      ::pthread_attr_setstacksize(&attributes, kLeast) == 0)
    ::pthread_setattr_default_np(&attributes);
  ::pthread_attr_destroy(&attributes);
}

/// A socket that got the number of a closed standard stream would be written to as one.
void open_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) static_cast<void>(::open("/dev/null", O_RDWR));
  }
}

int serve(RunConfig run, AppStart start) {
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);  // a peer that is gone is a return value
  std::signal(SIGXFSZ, SIG_IGN);  // and so is a log that `ulimit -f` lets grow no more
  start.control_path = std::move(run.control);
  // The real one: who looks for this berth from below it may have come another way.
  std::error_code removed;
  start.dir = std::filesystem::current_path(removed).string();
  start.wait = run.wait;
  App app(std::move(run.config), std::move(start));
  return app.run();
}

struct Run {
  int operator()(const RunVerb& verb) const {
    RunConfig run = make_run_config(verb, working_dir());
    if (run.nothing_to_run) {
      std::fputs(std::string(run_explanation()).c_str(), stderr);
      return 2;
    }
    if (!run.errors.empty()) {
      say(STDERR_FILENO, errors_text(run.errors));
      return 2;
    }
    AppStart start;
    // Read again on the control loop, which waits for no pipe.
    if (!run.file.empty())
      start.reread = [verb, dir = working_dir()] { return make_run_config(verb, dir, Milliseconds(0)); };
    start.file = run.file;
    start.watch = verb.watch_config;
    return serve(std::move(run), std::move(start));
  }
  int operator()(const ExecVerb& verb) const {
    RunConfig run = make_run_config(verb.run, working_dir());
    if (!run.errors.empty()) {
      say(STDERR_FILENO, errors_text(run.errors));
      return Guest::kBerthFailed;
    }
    return serve(std::move(run), {.guest = GuestWish{verb.command, verb.direct}, .verbose = verb.verbose});
  }
  int operator()(const LoadVerb& verb) const {
    return control::exit_code_of_output(load_verb::run_load(verb, control::Terminal::of_process()));
  }
  int operator()(const DemoVerb& verb) const { return demo::demo_main(verb.arguments); }
  int operator()(const ShowText& show) const {
    // What is wrong with a call repeats words of the call.
    if (show.exit_code != 0)
      say(STDERR_FILENO, show.text);
    else
      std::fputs(show.text.c_str(), stdout);
    return show.exit_code;
  }
  template <class Client>
  int operator()(const Client& verb) const {
    return control::exit_code_of_output(control::run_verb(verb, control::Terminal::of_process()));
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (backend::is_keeper(argc, argv)) return backend::keeper_main(argc, argv);
  open_standard_streams();
  give_threads_stack();
  return std::visit(Run{}, parse_command_line({argv + 1, argv + argc}));
}
