// A client of a WebSocket, byte by byte (RFC 6455): for tests that look at what passes.
#pragma once

#include <string>

namespace berth::test {

inline std::string web_socket_request(const std::string& path = "/ws") {
  return "GET " + path +
         " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

/// A masked frame as clients send it (§5.2), below 126 bytes. Opcode 1: text, 8: Close.
inline std::string client_frame(const std::string& payload, int opcode = 1) {
  std::string bytes(1, static_cast<char>(0x80 | opcode));
  bytes += static_cast<char>(0x80 | payload.size());
  const std::string mask = "\x11\x22\x33\x44";
  bytes += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) bytes += static_cast<char>(payload[i] ^ mask[i % 4]);
  return bytes;
}

}  // namespace berth::test
