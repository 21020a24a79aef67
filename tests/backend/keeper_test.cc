#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "backend/keeper_link.h"
#include "backend/linux_proc.h"
#include "tests/backend/witness.h"

using namespace berth;
using namespace berth::backend;
using namespace std::chrono_literals;
using Kind = StartFailure::Kind;
using test::lives;
using test::python;
using test::run_until;
using test::shell;
using test::Witness;

namespace {

/// The keeper is the parent of the command.
int keeper_of(int pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string id, name, state;
  int parent = 0;
  in >> id >> name >> state >> parent;
  return parent;
}

}  // namespace

TEST_CASE("keeper: its name says whose it is, and does not hold the front's name") {
  Witness world(shell("exec sleep 1000"));
  world.backend->start();
  REQUIRE(world.starts());
  int keeper = keeper_of(world.backend->pid());
  CHECK(command_line(keeper) == "backend-keeper: web generation 1");
  std::ifstream comm("/proc/" + std::to_string(keeper) + "/comm");
  std::string name;
  std::getline(comm, name);
  CHECK(name == "backend-keeper");
  CHECK(name.size() <= 15);  // of more the kernel keeps the beginning
  CHECK(::getsid(keeper) == keeper);
  CHECK(::getsid(world.backend->pid()) == keeper);
  CHECK(::getpgid(world.backend->pid()) == world.backend->pid());
  CHECK(::getpgid(keeper) == keeper);
  CHECK(world.backend->tree() == std::vector<int>{world.backend->pid()});
  CHECK(world.stops());
}

TEST_CASE("keeper: TERM and INT do not end it before its tree") {
  Witness world(shell("exec sleep 1000"));
  world.backend->start();
  REQUIRE(world.starts());
  int keeper = keeper_of(world.backend->pid());
  for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::kill(keeper, signal);
  CHECK(world.stops());
  CHECK(world.stopped->exit == ExitStatus{true, SIGTERM});
}

TEST_CASE("keeper: Ctrl-C on the terminal of the front does not reach its command") {
  int terminal = -1;
  const pid_t front = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (front < 0 && (errno == ENOENT || errno == ENODEV)) {
    MESSAGE("skipped: this machine has no /dev/pts to make a terminal in");
    return;
  }
  if (front == 0) {
    static volatile std::sig_atomic_t interrupted = 0;
    ::signal(SIGINT, [](int) { interrupted = 1; });
    Witness world(shell("exec sleep 1000"));
    world.backend->start();
    if (!world.starts()) ::_exit(2);
    if (::write(STDOUT_FILENO, "started", 7) != 7) ::_exit(3);
    if (!run_until(world.loop, [] { return interrupted != 0; })) ::_exit(4);
    ::_exit(world.stops() && world.stopped->exit == ExitStatus{true, SIGTERM} ? 0 : 1);
  }
  std::array<char, 64> said{};
  CHECK(::read(terminal, said.data(), said.size()) == 7);
  CHECK(::write(terminal, "\x03", 1) == 1);
  int status = 0;
  ::waitpid(front, &status, 0);
  ::close(terminal);
  CHECK(status == 0);
}

TEST_CASE("keeper: a command that does not exist is told by name and PATH, and nothing is started") {
  LaunchSpec spec = shell("");
  spec.command = {"no-such-server", "app:app"};
  spec.env["PATH"] = "/bin:/usr/bin";
  Witness world(spec);
  world.backend->start();
  CHECK_FALSE(world.failure);  // never from within the call
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Exec);
  CHECK(world.failure->what == "no-such-server: no such file in PATH /bin:/usr/bin");
  CHECK(world.started.empty());
  REQUIRE(world.stops());
  CHECK(world.stopped->descendants.empty());
  REQUIRE(world.releases());
  CHECK(world.released->verdict == ReleaseCertificate::Verdict::NoPort);
}

TEST_CASE("keeper: a directory that does not exist is told") {
  LaunchSpec spec = shell("true");
  spec.dir = "/nowhere/at/all";
  Witness world(spec);
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Exec);
  CHECK(world.failure->what == "directory /nowhere/at/all: no such directory");
}

TEST_CASE("keeper: what the kernel refuses to execute is told with its reason") {
  char dir[] = "/tmp/quay-test-XXXXXX";
  REQUIRE(::mkdtemp(dir) != nullptr);
  auto path = std::string(dir) + "/serve";
  auto start = [&](const char* content) {
    std::ofstream(path) << content;
    ::chmod(path.c_str(), 0755);
    LaunchSpec spec = shell("");
    spec.command = {"./serve"};
    spec.dir = dir;
    Witness world(spec);
    world.backend->start();
    REQUIRE(world.fails());
    CHECK(world.failure->kind == Kind::Exec);
    CHECK(world.stops());
    return world.failure->what;
  };
  CHECK(start("#!/no/such/interpreter\n") ==
        "./serve: the interpreter named in its first line does not exist");
  CHECK(start("echo no first line\n").find("not an executable format") != std::string::npos);
  ::unlink(path.c_str());
  ::rmdir(dir);
}

TEST_CASE("keeper: the child gets no descriptors, no mask, no group and no limits of the front") {
  rlimit raised = descriptor_limit_at_start();
  raised.rlim_cur = raised.rlim_max > 4096 ? raised.rlim_max - 7 : raised.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &raised) == 0);
  int leaked = ::fcntl(0, F_DUPFD, 50);  // without CLOEXEC, out of the way of the keeper's own
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
  Witness world(python(R"(
import resource
say('fds=' + ','.join(sorted(os.listdir('/proc/self/fd'))[:-1]))
say('stdin=' + os.readlink('/proc/self/fd/0'))
say('limit=%d' % resource.getrlimit(resource.RLIMIT_NOFILE)[0])
say('mask=' + str(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))))
say('leader=%d' % (os.getpid() == os.getpgrp() and os.getppid() == os.getsid(0)))
say('pipe=' + str(subprocess.run(['/bin/sh', '-c', 'trap'], capture_output=True, text=True).stdout))
time.sleep(1000)
)"));
  world.backend->start();
  REQUIRE(world.says("pipe="));
  ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
  ::close(leaked);
  ::setrlimit(RLIMIT_NOFILE, &descriptor_limit_at_start());
  CHECK(world.lines[0] == "fds=0,1,2");
  CHECK(world.lines[1] == "stdin=/dev/null");
  CHECK(world.lines[2] == "limit=" + std::to_string(descriptor_limit_at_start().rlim_cur));
  CHECK(world.lines[3] == "mask=[]");
  CHECK(world.lines[4] == "leader=1");
  CHECK(world.stops());
}

TEST_CASE("keeper: exit status and the last lines of both streams arrive with the failure") {
  Witness world(shell("echo to out; echo to err >&2; printf 'no newline'; exit 7"));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Exited);
  CHECK(world.failure->exit == ExitStatus{false, 7});
  CHECK(world.failure->what == "/bin/sh ended before it was ready: exit 7");
  CHECK(world.failure->last_lines.size() == 3);
  CHECK(world.error_lines == std::vector<std::string>{"to err"});
  CHECK(world.lines == std::vector<std::string>{"to out", "no newline"});
  REQUIRE(world.stops());
  CHECK(world.stopped->exit == ExitStatus{false, 7});
  CHECK_FALSE(world.stopped->killed);
}

TEST_CASE("keeper: only the last twenty lines are kept, and a long one is cut at 8 KiB") {
  Witness world(
      shell("i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); done; "
            "head -c 20000 /dev/zero | tr '\\0' x; echo; echo end; exit 1"));
  world.backend->start();
  REQUIRE(world.fails());
  REQUIRE(world.failure->last_lines.size() == 20);
  CHECK(world.failure->last_lines[0] == "line 32");
  CHECK(world.failure->last_lines[18] == std::string(8192, 'x'));
  CHECK(world.failure->last_lines[19] == "end");
  CHECK(world.lines.size() == 52);
}

TEST_CASE("keeper: a grandchild that holds the pipe does not delay the report of an exit") {
  Witness world(shell("sleep 1000 & echo last words; exit 4"));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->kind == Kind::Exited);
  CHECK(world.failure->last_lines == std::vector<std::string>{"last words"});
  REQUIRE(world.backend->tree().size() == 1);
  int orphan = world.backend->tree().front();
  REQUIRE(world.stops());
  CHECK_FALSE(lives(orphan));
}

TEST_CASE("keeper: a command that goes into the background is told to stay") {
  Witness world(shell("sleep 1000 & exit 0"));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.failure->hint.find("let it stay in the foreground") != std::string::npos);
  CHECK(world.stops());
}

TEST_CASE("keeper: destroying the backend kills its tree") {
  Witness world(python(std::string(test::kFamily) + "serve('127.0.0.1', PORT)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  auto tree = world.backend->tree();
  tree.push_back(keeper_of(world.backend->pid()));
  REQUIRE(tree.size() == 5);
  world.backend.reset();
  for (int pid : tree) CHECK(run_until(world.loop, [&] { return !lives(pid); }));
}

namespace {

/// A front of its own process with a ready backend and its family; the keeper's pid is the last, the
/// command's the first of five.
struct OtherFront {
  explicit OtherFront(const std::string& code) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    pid = ::fork();
    if (pid == 0) {
      Witness world(python(code));
      world.backend->start();
      if (!world.becomes_ready()) ::_exit(1);
      auto all = world.backend->tree();
      all.push_back(keeper_of(world.backend->pid()));
      [[maybe_unused]] auto n = ::write(ends[1], all.data(), all.size() * sizeof(int));
      for (;;) ::pause();
    }
    ::close(ends[1]);
    tree.resize(16);
    auto n = ::read(ends[0], tree.data(), tree.size() * sizeof(int));
    tree.resize(n > 0 ? static_cast<std::size_t>(n) / sizeof(int) : 0);
    ::close(ends[0]);
  }
  ~OtherFront() { kill(); }
  OtherFront(const OtherFront&) = delete;
  OtherFront& operator=(const OtherFront&) = delete;

  void kill() {
    if (pid <= 0) return;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    pid = 0;
  }

  pid_t pid = 0;
  std::vector<int> tree;
};

}  // namespace

TEST_CASE("keeper: a front that is killed by SIGKILL leaves nothing behind") {
  OtherFront front(std::string(test::kFamily) + "serve('127.0.0.1', PORT)");
  REQUIRE(front.tree.size() == 5);
  for (int pid : front.tree) CHECK(lives(pid));
  front.kill();
  boost::asio::io_context loop;
  for (int pid : front.tree) CHECK(run_until(loop, [&] { return !lives(pid); }));
}

TEST_CASE("keeper: killed together with its front, it still takes the command along") {
  OtherFront front("serve('127.0.0.1', PORT)");
  REQUIRE(front.tree.size() == 2);
  int keeper = front.tree.back();
  ::kill(keeper, SIGSTOP);
  front.kill();
  CHECK(lives(front.tree.front()));
  ::kill(keeper, SIGKILL);
  boost::asio::io_context loop;
  CHECK(run_until(loop, [&] { return !lives(front.tree.front()); }));
}

TEST_CASE("keeper: killed itself, it takes along what the command has left behind in its session") {
  const std::string family(test::kFamily);
  Witness world(python(family.substr(0, family.find("child('session'")) + R"(
import threading
signal.signal(signal.SIGUSR1, lambda *a: os._exit(9))
threading.Thread(target=serve, args=('127.0.0.1', PORT), daemon=True).start()
idle()
)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  const int keeper = keeper_of(world.backend->pid());
  const int child = test::number_said(world.lines, "plain");
  ::kill(world.backend->pid(), SIGUSR1);
  REQUIRE(world.exits());
  REQUIRE(lives(child));
  ::kill(keeper, SIGKILL);
  CHECK(run_until(world.loop, [&] { return !lives(child); }));
  CHECK(world.stops());
}

TEST_CASE("keeper: killed itself, it takes the command along and the owner is told") {
  Witness world(python("serve('127.0.0.1', PORT)"));
  world.backend->start();
  REQUIRE(world.becomes_ready());
  int pid = world.backend->pid();
  ::kill(keeper_of(pid), SIGKILL);
  REQUIRE(world.exits());
  CHECK(*world.exited == ExitStatus{true, SIGKILL});
  CHECK(run_until(world.loop, [&] { return !lives(pid); }));
  CHECK(world.stops());
}

TEST_CASE("keeper: a flood of output is read whole and never stalls the child") {
  Witness world(shell("yes line | head -n 200000; echo done; exit 1"));
  world.backend->start();
  REQUIRE(world.fails());
  CHECK(world.lines.size() == 200'001);
  CHECK(world.lines.back() == "done");
  CHECK(world.failure->last_lines.back() == "done");
}

TEST_CASE("keeper: one that is given a command of another version refuses it, and nothing is started") {
  boost::asio::io_context loop;
  KeeperCommand command;
  command.version = kKeeperVersion + 1;
  command.whose = "web generation 1";
  command.program = "/bin/true";
  command.arguments = {"true"};
  std::vector<KeeperNews> heard;
  bool lost = false;
  int error = 0;
  Descriptor out(::open("/dev/null", O_RDWR | O_CLOEXEC));
  Descriptor err(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const auto link = KeeperLink::spawn(
      loop, command, {std::move(out), std::move(err), Descriptor()},
      {.on_news = [&](const KeeperNews& news) { heard.push_back(news); }, .on_lost = [&] { lost = true; }},
      error);
  REQUIRE(link);
  REQUIRE(run_until(loop, [&] { return lost; }));
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].kind == KeeperNews::Kind::ExecFailed);
  CHECK(heard[0].first == static_cast<int>(ExecStage::Protocol));
}

TEST_CASE("keeper: one of another version is refused with one sentence, and is gone") {
  ::setenv("BERTH_TEST_KEEPER", "of another version", 1);
  Witness world(shell("exec sleep 1000"));
  world.backend->start();
  const bool failed = world.fails();
  ::unsetenv("BERTH_TEST_KEEPER");
  REQUIRE(failed);
  CHECK(world.failure->kind == Kind::System);
  CHECK(world.failure->what ==
        "/bin/sh: its keeper is of another version of berth than this one; stop berth and start it again");
  CHECK(world.stops());
  CHECK(world.backend->tree().empty());
}
