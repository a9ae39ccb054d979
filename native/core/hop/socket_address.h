// Where a socket listens, or connects to.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "core/descriptor.h"
#include "core/status.h"

namespace drover {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  [[nodiscard]] const sockaddr* raw() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  [[nodiscard]] bool isUnix() const noexcept { return storage.ss_family == AF_UNIX; }
  // Of TCP; 0 for a UNIX socket.
  [[nodiscard]] std::uint16_t port() const noexcept;
  // Of a UNIX socket.
  [[nodiscard]] const char* path() const noexcept;

  static Result<SocketAddress> unixPath(const std::string& path) noexcept;
  // A name is looked up, which may take as long as the host's resolver takes.
  static Result<SocketAddress> tcp(const std::string& host, std::uint16_t port) noexcept;
  // Of a socket that listens, so that the port is known that the kernel chose.
  static Result<SocketAddress> ofSocket(int socket) noexcept;
};

// What is written goes at once, however little it is; does nothing to a UNIX socket.
void sendAtOnce(int socket) noexcept;
// Both do not block and are closed at exec.
Result<Descriptor> listenAt(const SocketAddress& address) noexcept;
// Has perhaps not connected yet: a connection of TCP that fails shows when it is used.
Result<Descriptor> connectTo(const SocketAddress& address) noexcept;

}  // namespace drover
