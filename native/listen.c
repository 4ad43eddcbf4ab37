// Listening and accepting. Each thread has a descriptor of its own of the one listening socket: with SO_REUSEPORT a second process of the
// same user could take a share of the connections, and what waits in the queue of a closed socket would be lost.
#include "io.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 64, PAUSE_MS = 100 };

static void watch_listener(struct io *io, struct listener *listener) {
  uint32_t index = (uint32_t)(listener - io->listeners);
  uint32_t events = EPOLLIN | (listener->is_exclusive ? EPOLLEXCLUSIVE : 0);
  listener->is_watched = watch(io, listener->fd, events, (uint64_t)index << 8 | 0xff);
}

void listen_add(struct io *io, int fd, uint32_t number, uint32_t flags) {
  if (io->listener_count == MAX_LISTENERS) {
    close(fd);
    return;
  }
  struct listener *listener = &io->listeners[io->listener_count++];
  *listener = (struct listener){.fd = fd, .number = number, .is_wild = flags & 1, .is_exclusive = flags & 2};
  watch_listener(io, listener);
}

void listen_remove(struct io *io, uint32_t number) {
  for (uint32_t i = 0; i < io->listener_count; i++) {
    if (io->listeners[i].number != number) continue;
    close(io->listeners[i].fd);
    struct listener *last = &io->listeners[--io->listener_count];
    if (i == io->listener_count) return;
    // The last one moves here: its key says where it stands.
    epoll_ctl(io->epoll, EPOLL_CTL_DEL, last->fd, NULL);
    io->listeners[i] = *last;
    if (last->is_watched) watch_listener(io, &io->listeners[i]);
    return;
  }
}

// Out of descriptors or memory, or JavaScript does not keep up: a listener that stays ready would be reported without end.
static void pause_accepting(struct io *io) {
  for (uint32_t i = 0; i < io->listener_count; i++) {
    if (!io->listeners[i].is_watched) continue;
    epoll_ctl(io->epoll, EPOLL_CTL_DEL, io->listeners[i].fd, NULL);
    io->listeners[i].is_watched = false;
  }
  io->accept_at = io->now + PAUSE_MS;
}

void listen_resume(struct io *io) {
  io->accept_at = 0;
  for (uint32_t i = 0; i < io->listener_count; i++)
    if (!io->listeners[i].is_watched) watch_listener(io, &io->listeners[i]);
}

static void tell_address(uint32_t *words, uint32_t *port, const struct sockaddr_storage *address) {
  if (address->ss_family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    words[0] = ntohl(four->sin_addr.s_addr);
    *port = ntohs(four->sin_port);
  } else if (address->ss_family == AF_INET6) {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    uint32_t raw[4];
    memcpy(raw, &six->sin6_addr, sizeof raw);
    for (int i = 0; i < 4; i++) words[i] = ntohl(raw[i]);
    *port = ntohs(six->sin6_port);
  }
}

static uint32_t family_of(const struct sockaddr_storage *address) {
  return address->ss_family == AF_INET ? 4 : address->ss_family == AF_INET6 ? 6 : 0;
}

// INVARIANT: the record is filled before anything is read, so JavaScript knows the connection before its first bytes.
static void tell_accepted(struct io *io, const struct listener *listener, uint32_t slot, const struct sockaddr_storage *peer) {
  struct sockaddr_storage local = {.ss_family = AF_UNSPEC};
  socklen_t length = sizeof local;
  // Where else than at the bound address it may have aimed is asked of few.
  if (listener->is_wild) getsockname(io->links[slot].sides[CLIENT].fd, (struct sockaddr *)&local, &length);
  uint32_t *record = io_emit(io, EV_ACCEPTED, slot), ports[2] = {0, 0};
  record[3] = listener->number | family_of(peer) << 16 | family_of(&local) << 24;
  tell_address(record + 4, &ports[0], peer);
  tell_address(record + 9, &ports[1], &local);
  record[8] = ports[0] | ports[1] << 16;
}

static void refuse(int fd) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

// The one descriptor that is kept back lets a connection be closed instead of waiting for as long as all are in use.
static void shed(struct io *io, const struct listener *listener) {
  if (io->spare < 0) return;
  close(io->spare);
  int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) refuse(fd);
  io->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool is_exhausted(int code) {
  return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

static bool accept_one(struct io *io, const struct listener *listener) {
  struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
  socklen_t length = sizeof peer;
  int fd = FAULTY(FAULT_ACCEPT, accept4(listener->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd < 0) {
    if (is_exhausted(errno)) {
      if (errno == EMFILE || errno == ENFILE) shed(io, listener);
      pause_accepting(io);
    }
    return errno == EINTR || errno == ECONNABORTED;
  }
  uint32_t slot = link_take(io, fd);
  if (slot == io->capacity) {
    refuse(fd);
    return true;
  }
  tell_accepted(io, listener, slot, &peer);
  // The first bytes are there already more often than not.
  link_run(io, slot);
  return true;
}

void listen_accept(struct io *io, uint32_t index) {
  if (index >= io->listener_count || !io->listeners[index].is_watched) return;
  for (int taken = 0; taken < BATCH; taken++) {
    if (!io_has_room(io)) return pause_accepting(io);
    if (!accept_one(io, &io->listeners[index])) return;
  }
}
