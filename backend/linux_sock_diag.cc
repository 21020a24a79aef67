#include "backend/linux_sock_diag.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>

#include "backend/address.h"
#include "backend/descriptor.h"

namespace berth::backend {
namespace {

constexpr std::uint32_t kListening = 1u << TCP_LISTEN;
constexpr std::uint32_t kAll = 0xffffffffu;

/// The request with a filter on the local port: two comparisons (>= and <=) of the kernel's small bytecode.
struct Request {
  nlmsghdr header{};
  inet_diag_req_v2 body{};
  nlattr attribute{};
  std::array<inet_diag_bc_op, 4> code{};
};

Request make_request(int family, int protocol, std::uint32_t states, std::uint16_t port) {
  Request r;
  r.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  r.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  r.body.sdiag_family = static_cast<__u8>(family);
  r.body.sdiag_protocol = static_cast<__u8>(protocol);
  r.body.idiag_states = states;
  r.header.nlmsg_len = offsetof(Request, attribute);
  if (port == 0) return r;
  // `yes` and `no` are byte offsets to the next operation; `no` past the end by four means "does not match".
  constexpr auto kOp = sizeof(inet_diag_bc_op);
  r.attribute.nla_type = INET_DIAG_REQ_BYTECODE;
  r.attribute.nla_len = static_cast<__u16>(sizeof r.attribute + sizeof r.code);
  r.code[0] = {INET_DIAG_BC_S_GE, 2 * kOp, static_cast<unsigned short>(4 * kOp + 4)};
  r.code[1] = {INET_DIAG_BC_NOP, kOp, port};
  r.code[2] = {INET_DIAG_BC_S_LE, 2 * kOp, static_cast<unsigned short>(2 * kOp + 4)};
  r.code[3] = {INET_DIAG_BC_NOP, kOp, port};
  r.header.nlmsg_len = sizeof r;
  return r;
}

SocketRow parse_row(const char* record, std::size_t length) {
  inet_diag_msg message{};
  std::memcpy(&message, record + NLMSG_HDRLEN, sizeof message);
  SocketRow row;
  bool v6 = message.idiag_family == AF_INET6;
  row.local = endpoint_of(message.id.idiag_src, v6, ntohs(message.id.idiag_sport));
  row.state = message.idiag_state;
  row.inode = message.idiag_inode;
  row.uid = message.idiag_uid;
  constexpr std::uint8_t kTimeWaitTimer = 3;
  if (message.idiag_timer == kTimeWaitTimer) row.ends_in = std::chrono::milliseconds(message.idiag_expires);
  std::size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof message);
  while (at + sizeof(rtattr) <= length) {
    rtattr attribute{};
    std::memcpy(&attribute, record + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || at + attribute.rta_len > length) break;
    if (attribute.rta_type == INET_DIAG_SKV6ONLY) row.v6only = record[at + RTA_LENGTH(0)] != 0;
    at += RTA_ALIGN(attribute.rta_len);
  }
  return row;
}

int dump(int family, int protocol, std::uint32_t states, std::uint16_t port, std::vector<SocketRow>& rows) {
  Descriptor fd(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!fd) return errno;
  Request request = make_request(family, protocol, states, port);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd.get(), &request, request.header.nlmsg_len, 0,
               static_cast<const sockaddr*>(static_cast<const void*>(&kernel)), sizeof kernel) < 0) {
    return errno;
  }
  alignas(nlmsghdr) std::array<char, 32 * 1024> buffer;
  for (;;) {
    ssize_t n = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    for (std::size_t at = 0; at + sizeof(nlmsghdr) <= static_cast<std::size_t>(n);) {
      const auto* header = static_cast<const nlmsghdr*>(static_cast<const void*>(buffer.data() + at));
      if (header->nlmsg_len < sizeof(nlmsghdr)) return EIO;
      if (header->nlmsg_type == NLMSG_DONE) return 0;
      if (header->nlmsg_type == NLMSG_ERROR) {
        nlmsgerr error{};
        std::memcpy(&error, static_cast<const char*>(buffer.data()) + at + NLMSG_HDRLEN, sizeof error);
        return -error.error;
      }
      rows.push_back(parse_row(buffer.data() + at, header->nlmsg_len));
      at += NLMSG_ALIGN(header->nlmsg_len);
    }
  }
}

std::vector<SocketRow> both_families(int protocol, std::uint32_t states, std::uint16_t port, int* error) {
  std::vector<SocketRow> rows;
  int v4 = dump(AF_INET, protocol, states, port, rows);
  int v6 = dump(AF_INET6, protocol, states, port, rows);
  if (error != nullptr) *error = v4 != 0 && v6 != 0 ? v4 : 0;
  return rows;
}

std::uint32_t next_sequence() {
  thread_local std::uint32_t sequence = 0;
  return ++sequence;
}

std::string state_name(std::uint8_t state) {
  switch (state) {
    case TCP_ESTABLISHED:
      return "ESTABLISHED";
    case TCP_SYN_SENT:
      return "SYN_SENT";
    case TCP_SYN_RECV:
      return "SYN_RECV";
    case TCP_FIN_WAIT1:
      return "FIN_WAIT1";
    case TCP_FIN_WAIT2:
      return "FIN_WAIT2";
    case TCP_TIME_WAIT:
      return "TIME_WAIT";
    case TCP_CLOSE_WAIT:
      return "CLOSE_WAIT";
    case TCP_LAST_ACK:
      return "LAST_ACK";
    case TCP_CLOSING:
      return "CLOSING";
    default:
      return "state " + std::to_string(state);
  }
}

}  // namespace

std::vector<SocketRow> listening_sockets(std::uint16_t port, int* error) {
  return both_families(IPPROTO_TCP, kListening, port, error);
}

std::optional<SocketRow> listener_of(const Endpoint& endpoint) {
  // Kept open: this is asked for each new connection.
  thread_local Descriptor fd(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const bool v6 = endpoint.family == Endpoint::Family::V6;
  Request request = make_request(v6 ? AF_INET6 : AF_INET, IPPROTO_TCP, kListening, 0);
  request.header.nlmsg_flags = NLM_F_REQUEST;  // one socket, by its address
  request.header.nlmsg_seq = next_sequence();
  request.body.id.idiag_sport = htons(endpoint.port);
  std::memcpy(static_cast<void*>(request.body.id.idiag_src), endpoint.address.data(), v6 ? 16 : 4);
  request.body.id.idiag_cookie[0] = request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(fd.get(), &request, request.header.nlmsg_len, 0,
               static_cast<const sockaddr*>(static_cast<const void*>(&kernel)), sizeof kernel) < 0) {
    return std::nullopt;
  }
  alignas(nlmsghdr) std::array<char, 4096> buffer;
  for (;;) {
    // The kernel has answered before sendto returned.
    const ssize_t n = ::recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < static_cast<ssize_t>(sizeof(nlmsghdr))) return std::nullopt;
    const auto* header = static_cast<const nlmsghdr*>(static_cast<const void*>(buffer.data()));
    if (header->nlmsg_seq != request.header.nlmsg_seq) continue;
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
    return parse_row(buffer.data(), header->nlmsg_len);
  }
}

std::vector<SocketRow> sockets_on_port(std::uint16_t port) {
  return both_families(IPPROTO_TCP, kAll, port, nullptr);
}

std::vector<SocketRow> udp_sockets() { return both_families(IPPROTO_UDP, 1u << TCP_CLOSE, 0, nullptr); }

std::vector<SocketRow> leftovers_of(std::vector<SocketRow> rows) {
  std::erase_if(rows,
                [](const SocketRow& row) { return row.state == TCP_LISTEN || row.state == kBoundInactive; });
  return rows;
}

std::string describe_leftovers(const std::vector<SocketRow>& rows) {
  std::map<std::uint8_t, int> counts;
  for (const auto& row : leftovers_of(rows)) ++counts[row.state];
  std::string text;
  for (auto [state, count] : counts) {
    if (!text.empty()) text += ", ";
    text += std::to_string(count) + " in " + state_name(state);
  }
  return text;
}

}  // namespace berth::backend
