#include "backend/linux_proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <map>
#include <memory>
#include <sstream>
#include <string_view>

#include "backend/descriptor.h"

namespace berth::backend {
namespace {

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Directory = std::unique_ptr<DIR, CloseDir>;

std::string proc_path(int pid, std::string_view rest) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(rest);
}

std::optional<std::string> read_file(const std::string& path, std::size_t limit = 64 * 1024) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer;
  while (text.size() < limit) {
    ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0) return std::nullopt;
    if (n == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

int to_number(std::string_view text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

std::vector<int> numbers_in(const char* path) {
  std::vector<int> out;
  Directory dir(::opendir(path));
  if (!dir) return out;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (int n = to_number(entry->d_name); n > 0) out.push_back(n);
  }
  return out;
}

/// The fields of /proc/PID/stat after the command's name, which may hold anything: [0] is the state.
std::vector<std::string> stat_fields(int pid) {
  auto text = read_file(proc_path(pid, "stat"));
  if (!text) return {};
  auto end = text->rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream in(text->substr(end + 1));
  std::vector<std::string> fields;
  for (std::string field; in >> field;) fields.push_back(field);
  return fields;
}

/// The state of the process at `path`, or of one thread; nullopt: it is gone.
std::optional<char> state_at(const std::string& path) {
  auto text = read_file(path);
  const auto end = text ? text->rfind(')') : std::string::npos;
  if (end == std::string::npos || end + 2 >= text->size()) return std::nullopt;
  return (*text)[end + 2];
}

bool has_ended(std::optional<char> state) { return !state || *state == 'Z' || *state == 'X'; }

/// The threads of a process, its leader first. The leader's end is not the end of the others (pthread_exit in
/// main): it stays as a zombie, without descriptors and without a command line, until the last one ends.
std::vector<int> threads_of(int pid) {
  auto threads = numbers_in(proc_path(pid, "task").c_str());
  std::sort(threads.begin(), threads.end(), [pid](int a, int b) {
    if ((a == pid) != (b == pid)) return a == pid;
    return a < b;
  });
  return threads;
}

std::string thread_path(int pid, int thread, std::string_view rest) {
  return proc_path(pid, "task/" + std::to_string(thread) + "/" + std::string(rest));
}

/// The first thread that runs: it is asked where the leader can tell nothing any more. 0: none does.
int live_thread(int pid) {
  if (!has_ended(state_at(proc_path(pid, "stat")))) return pid;
  for (int thread : threads_of(pid))
    if (!has_ended(state_at(thread_path(pid, thread, "stat")))) return thread;
  return 0;
}

bool is_zombie(int pid) { return live_thread(pid) == 0; }

bool has_children_files() {
  static const bool has = ::access("/proc/thread-self/children", R_OK) == 0;
  return has;
}

void append_children(int pid, std::vector<int>& out) {
  for (int task : numbers_in(proc_path(pid, "task").c_str())) {
    auto text = read_file(thread_path(pid, task, "children"), 4 * 1024 * 1024);
    if (!text) continue;
    std::istringstream in(*text);
    for (int child = 0; in >> child;) out.push_back(child);
  }
}

/// For kernels without CONFIG_PROC_CHILDREN: every process names its parent.
std::vector<int> descendants_by_scan(int root) {
  std::multimap<int, int> by_parent;
  for (int pid : numbers_in("/proc")) {
    auto fields = stat_fields(pid);
    if (fields.size() > 1) by_parent.emplace(to_number(fields[1]), pid);
  }
  std::vector<int> out;
  auto add = [&](int parent) {
    auto [from, to] = by_parent.equal_range(parent);
    for (auto at = from; at != to; ++at) out.push_back(at->second);
  };
  add(root);
  for (std::size_t i = 0; i < out.size(); ++i) add(out[i]);
  return out;
}

std::optional<std::uint64_t> socket_inode(int dir, const char* name) {
  std::array<char, 64> link;
  ssize_t n = ::readlinkat(dir, name, link.data(), link.size());
  std::string_view text(link.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  constexpr std::string_view kPrefix = "socket:[";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  std::uint64_t inode = 0;
  std::from_chars(text.data() + kPrefix.size(), text.data() + text.size(), inode);
  return inode;
}

/// False where the descriptors cannot be read although the thread is there.
bool append_socket_inodes_of(const std::string& directory, std::vector<std::uint64_t>& out) {
  Directory dir(::opendir(directory.c_str()));
  if (!dir) return errno != EACCES && errno != EPERM;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (auto inode = socket_inode(::dirfd(dir.get()), entry->d_name)) out.push_back(*inode);
  }
  return true;
}

/// Whether two threads have one table of descriptors, as nearly all threads of a process do.
bool share_descriptors(int pid, int one, int other) {
  constexpr int kFiles = 2;  // KCMP_FILES of <linux/kcmp.h>
  const long differ = ::syscall(SYS_kcmp, one, other, kFiles, 0, 0);
  if (differ >= 0) return differ == 0;
  // Where it may not be asked (a container): the number of descriptors tells them apart, which stat(2) gives
  // since Linux 6.2. Read one by one, a server's hundreds of threads would cost as many times its
  // descriptors.
  struct stat first {};
  struct stat second {};
  return ::stat(thread_path(pid, one, "fd").c_str(), &first) == 0 &&
         ::stat(thread_path(pid, other, "fd").c_str(), &second) == 0 && first.st_size == second.st_size;
}

/// Those of every thread: one may have a table of its own, and a leader that has ended has none.
bool append_socket_inodes(int pid, std::vector<std::uint64_t>& out) {
  bool readable = true;
  int read = 0;
  for (int thread : threads_of(pid)) {
    if (thread == pid && has_ended(state_at(proc_path(pid, "stat")))) continue;
    if (read != 0 && share_descriptors(pid, read, thread)) continue;
    readable = append_socket_inodes_of(thread_path(pid, thread, "fd"), out) && readable;
    read = thread;
  }
  return readable;
}

std::int64_t boot_time_s() {
  static const std::int64_t boot = [] {
    auto text = read_file("/proc/stat", 4 * 1024 * 1024).value_or("");
    auto at = text.find("\nbtime ");
    std::int64_t value = 0;
    if (at != std::string::npos) std::from_chars(text.data() + at + 7, text.data() + text.size(), value);
    return value;
  }();
  return boot;
}

}  // namespace

std::vector<int> descendants(int root, bool with_zombies) {
  std::vector<int> all;
  if (has_children_files()) {
    append_children(root, all);
    // The tree can change while it is read; the bound only guards against a fork bomb.
    for (std::size_t i = 0; i < all.size() && all.size() < 100'000; ++i) append_children(all[i], all);
  } else {
    all = descendants_by_scan(root);
  }
  if (!with_zombies) std::erase_if(all, is_zombie);
  return all;
}

std::string command_line(int pid) {
  const int thread = live_thread(pid);
  auto text = read_file(thread == 0 ? proc_path(pid, "cmdline") : thread_path(pid, thread, "cmdline"), 4096);
  if (!text) return {};
  while (!text->empty() && text->back() == '\0') text->pop_back();
  if (text->empty()) {
    auto name = read_file(proc_path(pid, "comm")).value_or("");
    if (!name.empty() && name.back() == '\n') name.pop_back();
    return name.empty() ? std::string() : "[" + name + "]";
  }
  if (text->size() > 200) text->resize(200);
  for (char& c : *text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return *text;
}

std::vector<int> session_members(int session) {
  auto pids = numbers_in("/proc");
  std::erase_if(pids, [session](int pid) { return ::getsid(pid) != session; });
  return pids;
}

std::vector<std::string> command_words(int pid) {
  std::vector<std::string> words;
  std::istringstream text(read_file(proc_path(pid, "cmdline"), 4096).value_or(""));
  for (std::string word; std::getline(text, word, '\0');) words.push_back(word);
  return words;
}

bool ignores_signal(int pid, int signal) {
  std::istringstream lines(read_file(proc_path(pid, "status")).value_or(""));
  constexpr std::string_view kName = "SigIgn:";
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kName)) continue;
    const auto mask = std::strtoull(line.c_str() + kName.size(), nullptr, 16);
    return signal > 0 && signal <= 64 && ((mask >> (signal - 1)) & 1) != 0;
  }
  return false;
}

std::string describe_process(int pid) { return "pid " + std::to_string(pid) + " " + command_line(pid); }

std::optional<ProcessFacts> process_facts(int pid) {
  struct stat info {};
  if (::stat(("/proc/" + std::to_string(pid)).c_str(), &info) != 0) return std::nullopt;
  auto fields = stat_fields(pid);
  ProcessFacts facts;
  facts.uid = info.st_uid;
  if (fields.size() > 19) {
    std::from_chars(fields[19].data(), fields[19].data() + fields[19].size(), facts.started_ticks);
    facts.started_unix_s =
        boot_time_s() + static_cast<std::int64_t>(facts.started_ticks) / std::max(1L, ::sysconf(_SC_CLK_TCK));
  }
  return facts;
}

std::string user_name(std::uint32_t uid) {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return std::to_string(uid);
}

bool SocketInodes::has(std::uint64_t inode) const {
  return std::binary_search(inodes.begin(), inodes.end(), inode);
}

SocketInodes socket_inodes(const std::vector<int>& pids) {
  SocketInodes out;
  for (int pid : pids) {
    if (!append_socket_inodes(pid, out.inodes)) out.complete = false;
  }
  std::sort(out.inodes.begin(), out.inodes.end());
  return out;
}

std::vector<int> owners_of(const std::vector<std::uint64_t>& inodes) {
  std::vector<int> owners(inodes.size(), 0);
  std::vector<std::uint64_t> oldest(inodes.size(), 0);
  for (int pid : numbers_in("/proc")) {
    std::vector<std::uint64_t> open;
    append_socket_inodes(pid, open);
    for (std::size_t i = 0; i < inodes.size(); ++i) {
      if (std::find(open.begin(), open.end(), inodes[i]) == open.end()) continue;
      auto facts = process_facts(pid);
      if (!facts || (owners[i] != 0 && facts->started_ticks >= oldest[i])) continue;
      owners[i] = pid;
      oldest[i] = facts->started_ticks;
    }
  }
  return owners;
}

std::vector<UnixListener> unix_listeners() {
  constexpr unsigned long kAcceptsConnections = 0x10000;  // SO_ACCEPTCON in the flags' column
  std::vector<UnixListener> listeners;
  std::istringstream in(read_file("/proc/net/unix", 16 * 1024 * 1024).value_or(""));
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string number, references, protocol, flags, type, state, path;
    std::uint64_t inode = 0;
    if (!(fields >> number >> references >> protocol >> flags >> type >> state >> inode >> path)) continue;
    if ((std::strtoul(flags.c_str(), nullptr, 16) & kAcceptsConnections) != 0)
      listeners.push_back({path, inode});
  }
  return listeners;
}

}  // namespace berth::backend
