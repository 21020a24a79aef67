#include "backend/keeper_protocol.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

namespace berth::backend {
namespace {

struct CommandHeader {
  std::uint8_t version = kKeeperVersion;
  std::uint32_t others = 0;
  std::uint32_t arguments = 0;
  std::uint32_t environment = 0;
  rlimit descriptors{};
  bool hands_over = false;
  bool tty = false;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

bool write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::optional<std::string> read_all(int fd) {
  off_t size = ::lseek(fd, 0, SEEK_END);
  if (size < 0) return std::nullopt;
  std::string data(static_cast<std::size_t>(size), '\0');
  std::size_t done = 0;
  while (done < data.size()) {
    ssize_t n = ::pread(fd, data.data() + done, data.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    done += static_cast<std::size_t>(n);
  }
  return data;
}

}  // namespace

std::optional<Descriptor> write_command(const KeeperCommand& command) {
  CommandHeader header;
  header.version = command.version;
  header.others = static_cast<std::uint32_t>(command.others.size());
  header.arguments = static_cast<std::uint32_t>(command.arguments.size());
  header.environment = static_cast<std::uint32_t>(command.environment.size());
  header.descriptors = command.descriptors;
  header.hands_over = command.hands_over;
  header.tty = command.tty;
  header.uid = command.uid;
  header.gid = command.gid;
  std::string data(sizeof header, '\0');
  std::memcpy(data.data(), &header, sizeof header);
  auto add = [&](const std::string& text) { data.append(text.c_str(), std::strlen(text.c_str()) + 1); };
  add(command.program);
  add(command.dir);
  add(command.user);
  for (const auto& text : command.others) add(text);
  for (const auto& text : command.arguments) add(text);
  for (const auto& text : command.environment) add(text);
  Descriptor fd(::memfd_create("command", MFD_CLOEXEC));
  if (!fd || !write_all(fd.get(), data)) return std::nullopt;
  return fd;
}

std::optional<KeeperCommand> read_command(int fd) {
  auto data = read_all(fd);
  CommandHeader header;
  if (!data) return std::nullopt;
  // Before the length: what follows is that version's own.
  errno = !data->empty() && static_cast<std::uint8_t>(data->front()) != kKeeperVersion ? EPROTO : EBADMSG;
  if (errno == EPROTO || data->size() < sizeof header) return std::nullopt;
  std::memcpy(&header, data->data(), sizeof header);
  std::size_t at = sizeof header;
  bool whole = true;
  auto take = [&] {
    auto end = data->find('\0', at);
    if (end == std::string::npos) {
      whole = false;
      return std::string();
    }
    auto text = data->substr(at, end - at);
    at = end + 1;
    return text;
  };
  KeeperCommand command;
  command.version = header.version;
  command.descriptors = header.descriptors;
  command.hands_over = header.hands_over;
  command.tty = header.tty;
  command.uid = header.uid;
  command.gid = header.gid;
  command.program = take();
  command.dir = take();
  command.user = take();
  for (std::uint32_t i = 0; whole && i < header.others; ++i) command.others.push_back(take());
  for (std::uint32_t i = 0; whole && i < header.arguments; ++i) command.arguments.push_back(take());
  for (std::uint32_t i = 0; whole && i < header.environment; ++i) command.environment.push_back(take());
  errno = EBADMSG;
  if (!whole) return std::nullopt;
  return command;
}

}  // namespace berth::backend
