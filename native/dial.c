// Dialling: addresses in order, each next one after 250 ms or a failure; the first that connects wins (RFC 8305).
#include "io.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static socklen_t to_address(struct sockaddr_storage *address, const struct target *target) {
  memset(address, 0, sizeof *address);
  if (target->family == 4) {
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)target->port);
    four->sin_addr.s_addr = htonl(target->words[0]);
    return sizeof *four;
  }
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;
  uint32_t raw[4];
  for (int i = 0; i < 4; i++) raw[i] = htonl(target->words[i]);
  six->sin6_family = AF_INET6;
  six->sin6_port = htons((uint16_t)target->port);
  memcpy(&six->sin6_addr, raw, sizeof raw);
  return sizeof *six;
}

static int bind_source(int fd, const struct target *source) {
  struct sockaddr_storage address;
  int on = 1;
  // The port is chosen at connect: else so many connections from one address run out of ports early.
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  socklen_t length = to_address(&address, source);
  return bind(fd, (struct sockaddr *)&address, length);
}

static int prepare(int fd, const struct race *race) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (race->mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &race->mark, sizeof race->mark) < 0) return NONE;
  return race->has_source ? bind_source(fd, &race->source) : 0;
}

// Gives the descriptor of an attempt under way, or minus the fault.
static int open_attempt(struct io *io, uint32_t slot, uint32_t attempt) {
  struct race *race = io->links[slot].race;
  struct sockaddr_storage address;
  socklen_t length = to_address(&address, &race->targets[attempt]);
  int fd = FAULTY(FAULT_SOCKET, socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd < 0) return -errno;
  bool is_started = prepare(fd, race) == 0 && (FAULTY(FAULT_CONNECT, connect(fd, (struct sockaddr *)&address, length)) == 0 || errno == EINPROGRESS);
  if (is_started && watch_side(io, fd, watch_key(io, slot, 16 + attempt))) return fd;
  int code = errno;
  close(fd);
  return -code;
}

void dial_cancel(struct link *link) {
  struct race *race = link->race;
  if (!race) return;
  for (uint32_t i = 0; i < race->next; i++)
    if (race->fds[i] >= 0) close(race->fds[i]);
  free(race);
  link->race = NULL;
}

static void tell_failed(struct io *io, uint32_t slot) {
  struct link *link = &io->links[slot];
  uint32_t *record = io_emit(io, EV_DIAL_FAILED, slot);
  record[R_A] = link->race->count;
  for (uint32_t i = 0; i < link->race->count; i++) record[R_B + i] = (uint32_t)link->race->faults[i];
  dial_cancel(link);
  link->alarm = 0;
}

// Starts the next attempt that can be started; tells when there is none and none is under way.
void dial_attempt(struct io *io, uint32_t slot) {
  struct link *link = &io->links[slot];
  struct race *race = link->race;
  link->alarm = 0;
  while (race->next < race->count) {
    uint32_t attempt = race->next++;
    int fd = race->fds[attempt] = open_attempt(io, slot, attempt);
    if (fd < 0) {
      race->faults[attempt] = -fd;
      continue;
    }
    race->open++;
    if (race->next < race->count) link_later(io, slot, io->now + ATTEMPT_DELAY_MS);
    return;
  }
  if (race->open == 0) tell_failed(io, slot);
}

static void win(struct io *io, uint32_t slot, uint32_t attempt, uint32_t events) {
  struct link *link = &io->links[slot];
  int fd = link->race->fds[attempt];
  link->race->fds[attempt] = NONE;
  dial_cancel(link);
  link->alarm = 0;
  link->up_role = (uint8_t)(16 + attempt);
  link->sides[UPSTREAM] = (struct side){.fd = fd};
  side_ready(&link->sides[UPSTREAM], events);
  if (link->is_kept_alive) link_keep_alive(link);
  io_emit(io, EV_DIALLED, slot)[R_A] = attempt;
}

void dial_event(struct io *io, uint32_t slot, uint32_t attempt, uint32_t events) {
  struct race *race = io->links[slot].race;
  if (!race || attempt >= race->next || race->fds[attempt] < 0) return;
  int code = 0;
  socklen_t length = sizeof code;
  if (events & (EPOLLERR | EPOLLHUP)) getsockopt(race->fds[attempt], SOL_SOCKET, SO_ERROR, &code, &length);
  if (code == 0 && (events & EPOLLOUT) && !(events & EPOLLHUP)) return win(io, slot, attempt, events);
  if (!(events & (EPOLLERR | EPOLLHUP))) return;
  close(race->fds[attempt]);
  race->fds[attempt] = NONE;
  race->faults[attempt] = code ? code : ECONNRESET;
  race->open--;
  dial_attempt(io, slot);
}

static void read_target(struct target *target, const uint32_t *words) {
  *target = (struct target){.family = words[0], .port = words[1]};
  memcpy(target->words, words + 2, sizeof target->words);
}

// The targets stand in the slab, six words each: family, port, address. A source address follows them where there is one.
void dial_start(struct io *io, uint32_t slot, const uint32_t *record) {
  struct link *link = &io->links[slot];
  uint32_t count = record[R_A];
  if (link->state != TALKING || link->race || link->sides[UPSTREAM].fd >= 0 || count == 0 || count > MAX_TARGETS) return;
  struct race *race = calloc(1, sizeof *race);
  if (!race) abort();
  const uint32_t *words = (const uint32_t *)(const void *)(io->command_slab + record[R_OFFSET]);
  *race = (struct race){.count = count, .mark = record[R_B], .has_source = record[R_TYPE] >> 16 & 1};
  for (uint32_t i = 0; i < count; i++) read_target(&race->targets[i], words + 6 * i);
  if (race->has_source) read_target(&race->source, words + 6 * count);
  link->race = race;
  link->up_role = 1;
  link->passages[CLIENT] = link->passages[UPSTREAM] = (struct passage){0};
  io->told[slot].relayed[0] = io->told[slot].relayed[1] = io->told[slot].flushed[UPSTREAM] = 0;
  dial_attempt(io, slot);
}
