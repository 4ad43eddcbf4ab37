// A connection: one or two sockets. States: TALKING (JavaScript reads and sends), RELAYING (bytes pass by themselves), CLOSING (the last
// answer is flushed, what comes is thrown away), FREE.
#include "io.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NO_MEMORY_WAIT_MS = 50, PROBE_AFTER_S = 60 };

// Notes what epoll told of a socket. A read stops short at urgent data (EPOLLPRI), and a reset hides behind what came before it.
void side_ready(struct side *side, uint32_t events) {
  uint32_t gone = EPOLLHUP | EPOLLERR, odd = EPOLLPRI | gone;
  if (events & (EPOLLIN | EPOLLRDHUP | odd)) side->can_read = true;
  if (events & (EPOLLOUT | gone)) side->can_write = true;
  side->all_here = events & EPOLLRDHUP && !(events & odd) && (side->all_here || !side->reads_on);
  if (events & (EPOLLRDHUP | odd)) side->reads_on = true;
}

// Takes a slot for an accepted socket; `capacity` when there is none or the socket cannot be watched, which then is the caller's still.
uint32_t link_take(struct io *io, int fd) {
  uint32_t slot = io->free_head ? io->free_list[io->free_head - 1] : io->used;
  if (slot == io->capacity) return io->capacity;
  struct link *link = &io->links[slot];
  // No generation is 0, which stands for none.
  if (link->generation == 0) link->generation = 1;
  if (!watch_side(io, fd, watch_key(io, slot, 0))) return io->capacity;
  if (io->free_head) io->free_head--;
  else io->used++;
  bool is_queued = link->is_queued, is_starved = link->is_starved;
  *link = (struct link){.generation = link->generation, .state = TALKING, .up_role = 1, .wheel_slot = WHEEL_SLOTS};
  link->is_queued = is_queued;
  link->is_starved = is_starved;
  link->sides[CLIENT] = (struct side){.fd = fd, .can_read = true, .can_write = true, .wanted = true};
  link->sides[UPSTREAM].fd = NONE;
  link->started = link->active = io->now;
  // The word by which JavaScript stops a generation is left alone: it names one that is gone.
  struct told *told = &io->told[slot];
  told->relayed[0] = told->relayed[1] = told->flushed[0] = told->flushed[1] = 0;
  wheel_set(io, slot);
  return slot;
}

static void drop_chunks(struct side *side) {
  while (side->first) {
    struct chunk *next = side->first->next;
    free(side->first);
    side->first = next;
  }
  side->last = NULL;
}

// With RST, or as the platform closes. Forgets what was to be sent.
void side_close(struct link *link, enum side_name name, bool resets) {
  struct side *side = &link->sides[name];
  drop_chunks(side);
  if (side->fd >= 0) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    if (resets) setsockopt(side->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(side->fd);
  }
  *side = (struct side){.fd = NONE, .delivered = side->delivered, .ended = side->ended};
}

void link_free(struct io *io, uint32_t slot, bool resets) {
  struct link *link = &io->links[slot];
  dial_cancel(link);
  side_close(link, CLIENT, resets);
  side_close(link, UPSTREAM, resets);
  passage_reset(io, &link->passages[CLIENT]);
  passage_reset(io, &link->passages[UPSTREAM]);
  wheel_clear(io, slot);
  link->state = FREE;
  link->generation++;
  io->free_list[io->free_head++] = slot;
}

void link_later(struct io *io, uint32_t slot, int64_t at) {
  struct link *link = &io->links[slot];
  if (link->alarm && link->alarm <= at) return;
  link->alarm = at;
  wheel_set(io, slot);
}

// Keeps bytes that the kernel did not take.
void side_hold(struct side *side, const unsigned char *bytes, uint32_t length) {
  struct chunk *chunk = malloc(sizeof *chunk + length);
  if (!chunk) abort();
  *chunk = (struct chunk){.length = length};
  memcpy(chunk->bytes, bytes, length);
  if (side->last) side->last->next = chunk;
  else side->first = chunk;
  side->last = chunk;
}

// What a failed write means: NONE when it may be tried again later.
static int write_fault(struct io *io, uint32_t slot, struct side *side) {
  if (errno == EAGAIN || errno == EINTR) {
    if (errno == EAGAIN) side->can_write = false;
    else io_ready(io, slot);
    return NONE;
  }
  if (errno != ENOBUFS && errno != ENOMEM) return errno;
  link_later(io, slot, io->now + NO_MEMORY_WAIT_MS);
  return NONE;
}

static void tell_drained(struct io *io, uint32_t slot, enum side_name name) {
  struct side *side = &io->links[slot].sides[name];
  if (!side->drain_asked) return;
  side->drain_asked = false;
  io_emit(io, EV_DRAINED, slot)[R_A] = name;
}

// Sends what waits; true when nothing does any more. After false the connection may be gone.
bool side_flush(struct io *io, uint32_t slot, enum side_name name) {
  struct side *side = &io->links[slot].sides[name];
  while (side->first) {
    if (!side->can_write) return false;
    struct chunk *chunk = side->first;
    ssize_t sent = FAULTY(FAULT_SEND, send(side->fd, chunk->bytes + chunk->sent, chunk->length - chunk->sent, MSG_NOSIGNAL));
    if (sent < 0) {
      int code = write_fault(io, slot, side);
      if (code != NONE) link_lost(io, slot, name, code);
      return false;
    }
    chunk->sent += (uint32_t)sent;
    io->told[slot].flushed[name] += (double)sent;
    io->links[slot].active = io->now;
    if (chunk->sent < chunk->length) continue;
    side->first = chunk->next;
    if (!side->first) side->last = NULL;
    free(chunk);
  }
  tell_drained(io, slot, name);
  return true;
}

static void side_send(struct io *io, uint32_t slot, const uint32_t *record) {
  enum side_name name = record[R_TYPE] >> 8 & 1;
  struct side *side = &io->links[slot].sides[name];
  const unsigned char *bytes = io->command_slab + record[R_OFFSET];
  uint32_t length = record[R_LENGTH];
  if (side->fd < 0 || side->shut) return;
  ssize_t sent = 0;
  if (!side->first && side->can_write) {
    sent = FAULTY(FAULT_SEND, send(side->fd, bytes, length, MSG_NOSIGNAL));
    if (sent < 0) {
      int code = write_fault(io, slot, side);
      if (code != NONE) return link_lost(io, slot, name, code);
      sent = 0;
    }
    io->told[slot].flushed[name] += (double)sent;
    io->links[slot].active = io->now;
  }
  if ((uint32_t)sent < length) side_hold(side, bytes + sent, length - (uint32_t)sent);
}

void side_shut(struct link *link, enum side_name name) {
  struct side *side = &link->sides[name];
  if (side->shut || side->fd < 0) return;
  side->shut = true;
  shutdown(side->fd, SHUT_WR);
}

static void tell_lost(struct io *io, uint32_t slot, enum side_name name, int code) {
  uint32_t *record = io_emit(io, EV_LOST, slot);
  record[R_A] = name;
  record[R_B] = (uint32_t)code;
}

// The end of a relay, with its counts: the slot may be another connection's before JavaScript looks.
void link_over(struct io *io, uint32_t slot, uint32_t by, int code) {
  uint32_t *record = io_emit(io, EV_OVER, slot);
  record[R_A] = by;
  record[R_B] = (uint32_t)code;
  memcpy(record + R_TOTALS, io->told[slot].relayed, sizeof io->told[slot].relayed);
  link_free(io, slot, code != 0);
}

static void relay_lost(struct io *io, uint32_t slot, enum side_name name, int code) {
  struct link *link = &io->links[slot];
  bool is_whole = name == UPSTREAM && link->sides[UPSTREAM].ended;
  if (is_whole) {
    // All that it had to say is on its way to the client; what the client still says is thrown away.
    side_close(link, UPSTREAM, false);
    passage_drop_pipe(io, &link->passages[CLIENT]);
    io_ready(io, slot);
    return;
  }
  link_over(io, slot, name == UPSTREAM ? UPSTREAM : link->first_end ? link->first_end - 1u : CLIENT, code);
}

// A socket broke. The connection is gone after this, but for an upstream that may be followed by another, or has said all.
void link_lost(struct io *io, uint32_t slot, enum side_name name, int code) {
  struct link *link = &io->links[slot];
  if (link->state == RELAYING) return relay_lost(io, slot, name, code);
  if (link->state == CLOSING) {
    io_emit(io, EV_CLOSED, slot);
    link_free(io, slot, false);
    return;
  }
  tell_lost(io, slot, name, code);
  if (name == CLIENT) link_free(io, slot, true);
  else side_close(link, UPSTREAM, true);
}

static void tell_end(struct io *io, uint32_t slot, enum side_name name) {
  struct side *side = &io->links[slot].sides[name];
  side->ended = true;
  side->wanted = false;
  side->delivered++;
  io_emit(io, EV_END, slot)[R_A] = name;
}

// Reads once where JavaScript asked for it: what it does not ask for stays with the kernel, and the sender waits.
static void side_read(struct io *io, uint32_t slot, enum side_name name) {
  struct link *link = &io->links[slot];
  struct side *side = &link->sides[name];
  if (!side->wanted || !side->can_read || side->ended || side->fd < 0) return;
  unsigned char *room = io_slab(io, READ_BYTES);
  if (!room) return io_starve(io, slot);
  ssize_t length = FAULTY(FAULT_RECV, recv(side->fd, room, READ_BYTES, 0));
  if (length > 0) {
    // A short read has emptied the socket, and more is told by a new edge; an end that was told already is not told again.
    if (length < READ_BYTES && !side->reads_on) side->can_read = false;
    side->wanted = false;
    side->delivered += (uint32_t)length;
    link->active = io->now;
    uint32_t *record = io_emit(io, EV_BYTES, slot);
    record[R_A] = name;
    io_slab_used(io, record, room, (uint32_t)length);
  } else if (length == 0) tell_end(io, slot, name);
  else if (errno == EAGAIN) side->can_read = false;
  else if (errno == EINTR) io_ready(io, slot);
  else if (errno == ENOBUFS || errno == ENOMEM) link_later(io, slot, io->now + NO_MEMORY_WAIT_MS);
  else link_lost(io, slot, name, errno);
}

static bool is_live(const struct io *io, uint32_t slot, uint32_t generation) {
  return io->links[slot].state != FREE && io->links[slot].generation == generation;
}

static void run_talk(struct io *io, uint32_t slot) {
  struct link *link = &io->links[slot];
  uint32_t generation = link->generation;
  for (int name = CLIENT; name <= UPSTREAM; name++) {
    if (link->sides[name].fd < 0) continue;
    side_flush(io, slot, name);
    if (!is_live(io, slot, generation) || link->state != TALKING) return;
    side_read(io, slot, name);
    if (!is_live(io, slot, generation) || link->state != TALKING) return;
  }
}

// The answer must arrive: closing with unread bytes in the kernel would reset it away (RFC 9112 section 9.6).
static void run_closing(struct io *io, uint32_t slot) {
  struct link *link = &io->links[slot];
  struct side *side = &link->sides[CLIENT];
  if (!side_flush(io, slot, CLIENT)) return;
  side_shut(link, CLIENT);
  for (int turn = 0; side->can_read && turn < TURN_BYTES / COPY_BYTES; turn++) {
    ssize_t length = FAULTY(FAULT_RECV, recv(side->fd, io->copy, COPY_BYTES, 0));
    if (length > 0 || (length < 0 && errno == EINTR)) continue;
    if (length < 0 && errno == EAGAIN) side->can_read = false;
    else return link_lost(io, slot, CLIENT, length == 0 ? 0 : errno);
  }
  if (side->can_read) io_ready(io, slot);
}

void link_run(struct io *io, uint32_t slot) {
  switch (io->links[slot].state) {
    case TALKING: run_talk(io, slot); return;
    case RELAYING: relay_run(io, slot); return;
    case CLOSING: run_closing(io, slot); return;
    default: return;
  }
}

static void drop_upstream(struct io *io, uint32_t slot) {
  struct link *link = &io->links[slot];
  dial_cancel(link);
  side_close(link, UPSTREAM, false);
  link->sides[UPSTREAM] = (struct side){.fd = NONE};
  passage_reset(io, &link->passages[UPSTREAM]);
  link->alarm = 0;
  link->up_role = 1;
  // What was told of the old upstream and is under way is not of the next one.
  link->epoch++;
}

static void start_closing(struct io *io, uint32_t slot, uint32_t linger_ms) {
  struct link *link = &io->links[slot];
  drop_upstream(io, slot);
  link->state = CLOSING;
  link->deadline = 0;
  link->alarm = io->now + linger_ms;
  wheel_set(io, slot);
  link_run(io, slot);
}

static void detach(struct io *io, uint32_t slot) {
  struct side *side = &io->links[slot].sides[CLIENT];
  epoll_ctl(io->epoll, EPOLL_CTL_DEL, side->fd, NULL);
  io_emit(io, EV_DETACHED, slot)[R_A] = (uint32_t)side->fd;
  side->fd = NONE;
  link_free(io, slot, false);
}

static void want(struct io *io, uint32_t slot, uint32_t names) {
  for (int name = CLIENT; name <= UPSTREAM; name++)
    if (names & 1u << name) io->links[slot].sides[name].wanted = true;
  link_run(io, slot);
}

static void arm(struct io *io, uint32_t slot, uint32_t after_ms) {
  io->links[slot].deadline = after_ms ? io_now() + after_ms : 0;
  wheel_set(io, slot);
}

static void ask_drained(struct io *io, uint32_t slot, enum side_name name) {
  struct side *side = &io->links[slot].sides[name];
  side->drain_asked = true;
  if (side->first && side->fd >= 0) link_run(io, slot);
  else tell_drained(io, slot, name);
}

static void grant(struct io *io, uint32_t slot, enum side_name name, uint32_t bytes) {
  struct passage *passage = &io->links[slot].passages[name];
  if (!passage->is_metered) return;
  passage->budget += bytes;
  passage->asked = false;
  link_run(io, slot);
}

void link_command(struct io *io, const uint32_t *record) {
  uint32_t slot = record[R_SLOT];
  struct link *link = &io->links[slot];
  enum side_name name = record[R_TYPE] >> 8 & 1;
  switch (record[R_TYPE] & 0xff) {
    case CMD_READ: want(io, slot, record[R_A]); return;
    case CMD_SEND: side_send(io, slot, record); return;
    case CMD_DRAIN: ask_drained(io, slot, name); return;
    case CMD_DIAL: dial_start(io, slot, record); return;
    case CMD_DROP: drop_upstream(io, slot); return;
    case CMD_RELAY: relay_start(io, slot, record); return;
    case CMD_METER: relay_meter(link, record[R_A] != 0); io_ready(io, slot); return;
    case CMD_GRANT: grant(io, slot, name, record[R_A]); return;
    case CMD_ARM: arm(io, slot, record[R_A]); return;
    case CMD_CLOSE: start_closing(io, slot, record[R_A]); return;
    case CMD_RESET: link_free(io, slot, true); return;
    case CMD_TAG: link->tag = record[R_A]; return;
    case CMD_PACE: passage_pace(&link->passages[name], record[R_A], record[R_B], io->now); return;
    case CMD_DETACH: detach(io, slot); return;
    default: return;
  }
}

void link_keep_alive(const struct link *link) {
  int on = 1, after = PROBE_AFTER_S;
  for (int name = CLIENT; name <= UPSTREAM; name++) {
    if (link->sides[name].fd < 0) continue;
    setsockopt(link->sides[name].fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(link->sides[name].fd, IPPROTO_TCP, TCP_KEEPIDLE, &after, sizeof after);
  }
}

static void on_alarm(struct io *io, uint32_t slot) {
  struct link *link = &io->links[slot];
  link->alarm = 0;
  if (link->race) dial_attempt(io, slot);
  else if (link->state == CLOSING) {
    io_emit(io, EV_CLOSED, slot);
    link_free(io, slot, true);
  } else io_ready(io, slot);
}

// Something of the connection has come due. Idle and spent ones are told; JavaScript resets them.
void link_due(struct io *io, uint32_t slot) {
  struct link *link = &io->links[slot];
  uint32_t generation = link->generation;
  if (!link->is_kept_alive && io->now >= link->started + KEEPALIVE_AT_MS) {
    link->is_kept_alive = true;
    link_keep_alive(link);
  }
  bool is_spent = io->now >= link->active + io->idle_ms || io->now >= link->started + io->total_ms;
  bool is_due = link->deadline && io->now >= link->deadline;
  if (link->alarm && io->now >= link->alarm) on_alarm(io, slot);
  if (!is_live(io, slot, generation)) return;
  if (is_due) link->deadline = 0;
  if (is_spent || is_due) io_emit(io, EV_DUE, slot)[R_A] = is_spent;
  // It is told once, and again only should nothing be done about it.
  if (is_spent) link->active = link->started = io->now;
  wheel_set(io, slot);
}
