#include "core/hop/socket_address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace drover {
namespace {

constexpr int kBacklog = 512;

Result<Descriptor> openSocket(const SocketAddress& address) noexcept {
  const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  Descriptor socket = Descriptor::own(::socket(address.storage.ss_family, type, 0));
  if (!socket.isOpen()) return Result<Descriptor>::failed(Status::system("socket", errno));
  return Result<Descriptor>::of(std::move(socket));
}

}  // namespace

std::uint16_t SocketAddress::port() const noexcept {
  if (storage.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  }
  if (storage.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  }
  return 0;
}

const char* SocketAddress::path() const noexcept {
  return reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
}

Result<SocketAddress> SocketAddress::unixPath(const std::string& path) noexcept {
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Result<SocketAddress>::failed(
        Status::of(Fault::badArgument, "a path of 1 to 107 bytes for a UNIX socket"));
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  SocketAddress out;
  std::memcpy(&out.storage, &address, sizeof(address));
  out.length = sizeof(address);
  return Result<SocketAddress>::of(out);
}

Result<SocketAddress> SocketAddress::tcp(const std::string& host, std::uint16_t port) noexcept {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0 || found == nullptr) {
    return Result<SocketAddress>::failed(Status::of(Fault::badArgument, ::gai_strerror(error)));
  }
  SocketAddress out;
  std::memcpy(&out.storage, found->ai_addr, found->ai_addrlen);
  out.length = found->ai_addrlen;
  ::freeaddrinfo(found);
  return Result<SocketAddress>::of(out);
}

Result<SocketAddress> SocketAddress::ofSocket(int socket) noexcept {
  SocketAddress out;
  out.length = sizeof(out.storage);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&out.storage), &out.length) != 0) {
    return Result<SocketAddress>::failed(Status::system("getsockname", errno));
  }
  return Result<SocketAddress>::of(out);
}

void sendAtOnce(int socket) noexcept {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

Result<Descriptor> listenAt(const SocketAddress& address) noexcept {
  Result<Descriptor> socket = openSocket(address);
  if (!socket.ok()) return socket;
  if (::bind(socket.value.get(), address.raw(), address.length) != 0) {
    return Result<Descriptor>::failed(Status::system("bind", errno));
  }
  if (::listen(socket.value.get(), kBacklog) != 0) {
    return Result<Descriptor>::failed(Status::system("listen", errno));
  }
  return socket;
}

Result<Descriptor> connectTo(const SocketAddress& address) noexcept {
  Result<Descriptor> socket = openSocket(address);
  if (!socket.ok()) return socket;
  sendAtOnce(socket.value.get());
  if (::connect(socket.value.get(), address.raw(), address.length) != 0 && errno != EINPROGRESS) {
    return Result<Descriptor>::failed(Status::system("connect", errno));
  }
  return socket;
}

}  // namespace drover
