/* Sockets, and frames from one network interface to another. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include "busy.h"

enum { message_words = 1024 };

static void transfer(int socket, uint64_t* words, size_t bytes, short event, const char* what) {
  char* at = (char*)words;
  while (bytes > 0) {
    struct pollfd ready = {socket, event, 0};
    if (poll(&ready, 1, patience_s * 1000) <= 0)
      give_up("nothing can be %s for %d s", what, patience_s);
    ssize_t length = event == POLLIN ? read(socket, at, bytes) : write(socket, at, bytes);
    if (length <= 0) give_up("the connection is lost: %s", length == 0 ? "end" : strerror(errno));
    at += length;
    bytes -= (size_t)length;
  }
}

static void echo_forever(int listener) {
  static uint64_t words[message_words];
  int socket = accept(listener, NULL, NULL);
  if (socket < 0) give_up("no connection: %s", strerror(errno));
  for (;;) {
    transfer(socket, words, sizeof words[0] * 2, POLLIN, "received");
    size_t count = words[1];
    if (count < 2 || count > message_words) give_up("a message of %zu words", count);
    transfer(socket, words + 2, (count - 2) * 8, POLLIN, "received");
    transfer(socket, words, count * 8, POLLOUT, "sent");
  }
}

void run_tcp(const char* argument) {
  (void)argument;
  static uint64_t words[message_words];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, (struct sockaddr*)&address, length) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, (struct sockaddr*)&address, &length) != 0)
    give_up("no listening socket: %s", strerror(errno));
  if (fork() == 0) echo_forever(listener);
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(connection, (struct sockaddr*)&address, sizeof address) != 0)
    give_up("no connection: %s", strerror(errno));
  int on = 1;
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (uint64_t number = 0;; number++) {
    size_t count = 2 + mixed(number) % (message_words - 2);
    words[0] = number;
    words[1] = count;
    fill(words + 2, count - 2, mixed(number));
    transfer(connection, words, count * 8, POLLOUT, "sent");
    memset(words, 0, sizeof words);
    transfer(connection, words, count * 8, POLLIN, "received");
    if (words[0] != number)
      wrong("message %llu came instead of %llu", (unsigned long long)words[0],
            (unsigned long long)number);
    else if (differing(words + 2, count - 2, mixed(number)) != count - 2)
      wrong("message %llu came back changed", (unsigned long long)number);
    own->done++;
    rest_ms(10);
  }
}

enum { frame_protocol = 0x88b5, frame_bytes = 1024, frame_head = 16, frame_tries = 30 };

static int packet_socket(const char* name, struct sockaddr_ll* address) {
  int socket_ = socket(AF_PACKET, SOCK_RAW, htons(frame_protocol));
  *address = (struct sockaddr_ll){.sll_family = AF_PACKET,
                                  .sll_protocol = htons(frame_protocol),
                                  .sll_ifindex = (int)if_nametoindex(name)};
  if (socket_ < 0 || address->sll_ifindex == 0 ||
      bind(socket_, (struct sockaddr*)address, sizeof *address) != 0)
    give_up("no packet socket on %s: %s", name, strerror(errno));
  return socket_;
}

/* Waits a second for frame `number`. @returns whether it came */
static int frame_comes(int socket, uint64_t number) {
  static unsigned char frame[2048];
  uint64_t words[(frame_bytes - frame_head) / 8];
  double until = now(CLOCK_MONOTONIC) + 1;
  for (;;) {
    double left = until - now(CLOCK_MONOTONIC);
    struct pollfd ready = {socket, POLLIN, 0};
    if (left <= 0 || poll(&ready, 1, (int)(left * 1000) + 1) <= 0) return 0;
    ssize_t length = recv(socket, frame, sizeof frame, 0);
    if (length < 0) {
      if (errno == ENETDOWN || errno == EINTR) continue;
      give_up("a frame is not received: %s", strerror(errno));
    }
    if (length < frame_bytes) {
      wrong("a frame of %zd bytes came instead of one of %d", length, frame_bytes);
      continue;
    }
    memcpy(words, frame + frame_head, sizeof words);
    /* one that was sent again, and came twice */
    if (words[0] < number) continue;
    if (words[0] != number)
      wrong("frame %llu came instead of %llu", (unsigned long long)words[0],
            (unsigned long long)number);
    else if (differing(words + 1, sizeof words / 8 - 1, mixed(number)) != sizeof words / 8 - 1)
      wrong("frame %llu came changed", (unsigned long long)number);
    return 1;
  }
}

/* A network may lose frames. What is lost is sent again; a network that brings nothing at all is
 * broken. */
void run_frames(const char* argument) {
  char names[2][16] = {"eth0", "eth1"};
  (void)argument;
  struct sockaddr_ll addresses[2];
  int sockets[2];
  for (int i = 0; i < 2; i++) sockets[i] = packet_socket(names[i], &addresses[i]);
  unsigned char frame[frame_bytes] = {0};
  memset(frame, 0xff, 6);
  frame[12] = frame_protocol >> 8;
  frame[13] = frame_protocol & 0xff;
  for (uint64_t number = 1;; number++) {
    uint64_t words[(frame_bytes - frame_head) / 8];
    words[0] = number;
    fill(words + 1, sizeof words / 8 - 1, mixed(number));
    memcpy(frame + frame_head, words, sizeof words);
    int from = (int)(number % 2);
    int tries = 0;
    do {
      if (tries == frame_tries)
        give_up("frame %llu did not come from %s to %s, sent %d times", (unsigned long long)number,
                names[from], names[!from], tries);
      if (tries++ > 0) own->lost++;
      if (send(sockets[from], frame, sizeof frame, 0) < 0 && errno != ENOBUFS && errno != ENETDOWN)
        give_up("a frame is not sent: %s", strerror(errno));
    } while (!frame_comes(sockets[!from], number));
    own->done++;
    rest_ms(20);
  }
}
