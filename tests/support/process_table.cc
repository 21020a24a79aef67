#include "tests/support/process_table.h"

#include <dirent.h>
#include <sys/prctl.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/temp_dir.h"

namespace berth::test {
namespace {

std::string proc(int pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

std::optional<Process> read_process(int pid) {
  const auto stat = read_file(proc(pid, "stat"));
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  Process result;
  result.pid = pid;
  std::istringstream fields(stat.substr(name_end + 1));
  fields >> result.state >> result.parent;
  std::string skipped;
  for (int field = 5; field < 22; ++field) fields >> skipped;
  fields >> result.started;
  result.command_line = read_file(proc(pid, "cmdline"));
  std::replace(result.command_line.begin(), result.command_line.end(), '\0', ' ');
  return result;
}

/// Its main thread alone may have ended.
bool has_ended(const Process& each) {
  if (each.state != 'Z' && each.state != 'X') return false;
  std::error_code ignored;
  for (const auto& thread : std::filesystem::directory_iterator(proc(each.pid, "task"), ignored)) {
    const auto stat = read_file(thread.path() / "stat");
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos || name_end + 2 >= stat.size()) continue;
    if (stat[name_end + 2] != 'Z' && stat[name_end + 2] != 'X') return false;
  }
  return true;
}

std::vector<Process> all_processes() {
  std::vector<Process> result;
  DIR* directory = ::opendir("/proc");
  if (directory == nullptr) return result;
  while (const auto* entry = ::readdir(directory)) {
    int pid = 0;
    const char* end = entry->d_name + std::strlen(entry->d_name);
    if (std::from_chars(entry->d_name, end, pid).ptr != end || pid <= 0) continue;
    if (auto found = read_process(pid)) result.push_back(std::move(*found));
  }
  ::closedir(directory);
  return result;
}

void add_listeners(const char* table, std::uint16_t port, std::vector<std::uint64_t>& inodes) {
  std::istringstream lines(read_file(table));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout;
    std::uint64_t inode = 0;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    if (state != "0A") continue;
    const auto number = std::stoul(local.substr(local.rfind(':') + 1), nullptr, 16);
    if (number == port) inodes.push_back(inode);
  }
}

}  // namespace

std::optional<Process> process(int pid) {
  auto found = read_process(pid);
  if (found && has_ended(*found)) return std::nullopt;
  return found;
}

std::vector<Process> descendants(int pid) {
  const auto all = all_processes();
  std::vector<int> parents{pid};
  std::vector<Process> result;
  for (std::size_t i = 0; i < parents.size(); ++i) {
    for (const auto& candidate : all) {
      if (candidate.parent != parents[i]) continue;
      parents.push_back(candidate.pid);
      if (!has_ended(candidate)) result.push_back(candidate);
    }
  }
  return result;
}

bool still_runs(const Process& recorded) {
  const auto now = process(recorded.pid);
  return now && now->started == recorded.started;
}

void adopt_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

std::string text(const std::vector<Process>& processes) {
  std::string result;
  for (const auto& each : processes) {
    if (!result.empty()) result += ", ";
    result += "pid " + std::to_string(each.pid) + " (" + each.command_line + ")";
  }
  return result.empty() ? "none" : result;
}

std::size_t open_descriptors(int pid) {
  std::error_code ignored;
  std::size_t count = 0;
  for (auto it = std::filesystem::directory_iterator(proc(pid, "fd"), ignored);
       it != std::filesystem::directory_iterator(); it.increment(ignored)) {
    ++count;
  }
  return count;
}

std::size_t resident_kib(int pid) {
  std::istringstream lines(read_file(proc(pid, "status")));
  std::string line;
  while (std::getline(lines, line)) {
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
  }
  return 0;
}

std::vector<std::uint64_t> listeners(std::uint16_t port) {
  std::vector<std::uint64_t> inodes;
  add_listeners("/proc/net/tcp", port, inodes);
  add_listeners("/proc/net/tcp6", port, inodes);
  return inodes;
}

}  // namespace berth::test
