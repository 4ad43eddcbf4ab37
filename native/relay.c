// Passing bytes both ways. Short exchanges are copied through one buffer of the thread, which is the fastest for them; a flow that proves
// bulk is spliced through a pipe. A flow that waits holds neither: a pipe goes back to the pool as soon as it is empty.
#include "io.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LEAST_PIPE_BYTES = 1 << 16, BULK_STREAK = 4, THIN_BYTES = 16384, THIN_STREAK = 32, MOST_ASKED = 1 << 22, WAIT_MS = 50 };
enum moved { GOES_ON, WAITS, GONE };

static void pipe_close(struct io *io, struct pipe *pipe) {
  close(pipe->in);
  close(pipe->out);
  free(pipe);
  io->pipe_count--;
}

static void pipe_give(struct io *io, struct passage *passage) {
  struct pipe *pipe = passage->pipe;
  passage->pipe = NULL;
  // One that holds bytes is another flow's poison.
  if (pipe->held > 0) return pipe_close(io, pipe);
  pipe->next = io->pipes;
  io->pipes = pipe;
}

// The system grants less to a user who has many pipes; one of two pages would be slower than a copy.
static bool pipe_grow(int fd) {
  for (int bytes = PIPE_BYTES; bytes >= LEAST_PIPE_BYTES; bytes /= 4)
    if (fcntl(fd, F_SETPIPE_SZ, bytes) >= 0) return true;
  return false;
}

// False: the flow goes on by copies, and may ask again once it has proved bulk anew.
static bool pipe_take(struct io *io, struct passage *passage) {
  struct pipe *pipe = io->pipes;
  if (pipe) {
    io->pipes = pipe->next;
    passage->pipe = pipe;
    return true;
  }
  int ends[2];
  passage->is_bulk = false;
  if (io->pipe_count == MAX_PIPES || FAULTY(FAULT_PIPE, pipe2(ends, O_NONBLOCK | O_CLOEXEC)) < 0) return false;
  pipe = calloc(1, sizeof *pipe);
  if (!pipe) abort();
  *pipe = (struct pipe){.in = ends[1], .out = ends[0]};
  io->pipe_count++;
  if (!pipe_grow(pipe->in)) {
    pipe_close(io, pipe);
    return false;
  }
  passage->pipe = pipe;
  return passage->is_bulk = true;
}

void pipe_pool_close(struct io *io) {
  while (io->pipes) {
    struct pipe *next = io->pipes->next;
    pipe_close(io, io->pipes);
    io->pipes = next;
  }
}

void passage_drop_pipe(struct io *io, struct passage *passage) {
  if (passage->pipe) pipe_give(io, passage);
}

void passage_reset(struct io *io, struct passage *passage) {
  passage_drop_pipe(io, passage);
  free(passage->pace);
  *passage = (struct passage){0};
}

void passage_pace(struct passage *passage, uint32_t bytes_per_second, uint32_t burst, int64_t now) {
  free(passage->pace);
  passage->pace = NULL;
  if (bytes_per_second == 0) return;
  passage->pace = malloc(sizeof *passage->pace);
  if (!passage->pace) abort();
  *passage->pace = (struct pace){.tokens = burst, .bytes_per_ms = bytes_per_second / 1000.0, .burst = burst, .at = now};
}

// How many bytes a token bucket lets pass now.
static uint64_t pace_allows(struct passage *passage, int64_t now) {
  struct pace *pace = passage->pace;
  if (!pace) return UINT64_MAX;
  pace->tokens += (double)(now - pace->at) * pace->bytes_per_ms;
  if (pace->tokens > pace->burst) pace->tokens = pace->burst;
  pace->at = now;
  return pace->tokens < 1 ? 0 : (uint64_t)pace->tokens;
}

void relay_meter(struct link *link, bool is_metered) {
  for (int name = CLIENT; name <= UPSTREAM; name++) {
    struct passage *passage = &link->passages[name];
    passage->is_metered = is_metered;
    passage->budget = 0;
    passage->asked = false;
  }
}

static void note_end(struct link *link, int name) {
  link->sides[name].ended = true;
  if (!link->first_end) link->first_end = (uint8_t)(name + 1);
}

// A passage opens once JavaScript has seen all that was read of its side before: what is still under way to it goes first. It then starts
// again with what it has seen by then.
void relay_start(struct io *io, uint32_t slot, const uint32_t *record) {
  struct link *link = &io->links[slot];
  if (link->sides[UPSTREAM].fd < 0 || (link->state != TALKING && link->state != RELAYING)) return;
  if (link->state == TALKING) relay_meter(link, record[R_TYPE] >> 16 & 1);
  link->state = RELAYING;
  link->deadline = 0;
  for (int name = CLIENT; name <= UPSTREAM; name++) {
    link->sides[name].wanted = false;
    if (link->sides[name].ended) note_end(link, name);
    if (record[R_A + name] == link->sides[name].delivered) link->passages[name].is_open = true;
  }
  relay_run(io, slot);
}

// Whether a side was read to its end and all of it is with the other one's kernel.
static bool is_passed(const struct link *link, int name) {
  const struct passage *passage = &link->passages[name];
  return passage->is_open && link->sides[name].ended && !link->sides[!name].first && !(passage->pipe && passage->pipe->held);
}

// JavaScript is asked for as many bytes as there are to pass, so what it counts is what passes.
static enum moved ask_budget(struct io *io, uint32_t slot, int name) {
  struct link *link = &io->links[slot];
  struct passage *passage = &link->passages[name];
  struct side *side = &link->sides[name];
  if (passage->asked) return WAITS;
  int there = 0;
  if (ioctl(side->fd, FIONREAD, &there) < 0 || there <= 0) {
    char byte;
    ssize_t peeked = recv(side->fd, &byte, 1, MSG_PEEK);
    if (peeked == 0) {
      note_end(link, name);
      return GOES_ON;
    }
    if (peeked < 0 && errno == EAGAIN) side->can_read = false;
    else if (peeked < 0 && errno != EINTR) {
      link_lost(io, slot, name, errno);
      return GONE;
    }
    return side->can_read ? GOES_ON : WAITS;
  }
  passage->asked = true;
  uint32_t *record = io_emit(io, EV_BUDGET, slot);
  record[R_A] = (uint32_t)name;
  record[R_B] = there > MOST_ASKED ? MOST_ASKED : (uint32_t)there;
  return WAITS;
}

static void count(struct io *io, uint32_t slot, int name, uint64_t bytes) {
  struct link *link = &io->links[slot];
  struct passage *passage = &link->passages[name];
  io->told[slot].relayed[name] += (double)bytes;
  link->active = io->now;
  if (passage->is_metered) passage->budget -= bytes;
  if (passage->pace) passage->pace->tokens -= (double)bytes;
}

// What a failed or empty read means.
static enum moved read_nothing(struct io *io, uint32_t slot, int name, ssize_t result) {
  struct link *link = &io->links[slot];
  if (result == 0) {
    note_end(link, name);
    return GOES_ON;
  }
  if (errno == EINTR) return GOES_ON;
  if (errno == EAGAIN) link->sides[name].can_read = false;
  else if (errno == ENOBUFS || errno == ENOMEM) link_later(io, slot, io->now + WAIT_MS);
  else {
    link_lost(io, slot, name, errno);
    return GONE;
  }
  return WAITS;
}

// The same of a write; what was not taken waits.
static enum moved wrote_nothing(struct io *io, uint32_t slot, int name) {
  if (errno == EINTR) return GOES_ON;
  if (errno == EAGAIN) io->links[slot].sides[name].can_write = false;
  else if (errno == ENOBUFS || errno == ENOMEM) link_later(io, slot, io->now + WAIT_MS);
  else {
    uint32_t generation = io->links[slot].generation;
    link_lost(io, slot, name, errno);
    return io->links[slot].generation == generation ? WAITS : GONE;
  }
  return WAITS;
}

static enum moved pass_copy(struct io *io, uint32_t slot, int name, uint64_t allowed) {
  struct link *link = &io->links[slot];
  struct side *from = &link->sides[name], *to = &link->sides[!name];
  struct passage *passage = &link->passages[name];
  size_t wanted = allowed < COPY_BYTES ? (size_t)allowed : COPY_BYTES;
  ssize_t length = FAULTY(FAULT_RECV, recv(from->fd, io->copy, wanted, 0));
  if (length <= 0) return read_nothing(io, slot, name, length);
  if ((size_t)length < wanted && from->all_here) note_end(link, name);
  else if ((size_t)length < wanted && !from->reads_on) from->can_read = false;
  passage->streak = length == COPY_BYTES ? passage->streak + 1 : 0;
  if (passage->streak >= BULK_STREAK) {
    passage->is_bulk = true;
    passage->streak = 0;
  }
  count(io, slot, name, (uint64_t)length);
  // An upstream that has said all and is gone: nobody hears it.
  if (to->fd < 0) return GOES_ON;
  ssize_t sent = FAULTY(FAULT_SEND, send(to->fd, io->copy, (size_t)length, MSG_NOSIGNAL));
  int code = errno;
  if (sent < length) side_hold(to, io->copy + (sent < 0 ? 0 : sent), (uint32_t)(length - (sent < 0 ? 0 : sent)));
  errno = code;
  if (sent < 0) return wrote_nothing(io, slot, !name);
  return GOES_ON;
}

static enum moved drain_pipe(struct io *io, uint32_t slot, int name) {
  struct link *link = &io->links[slot];
  struct pipe *pipe = link->passages[name].pipe;
  struct side *to = &link->sides[!name];
  while (pipe->held > 0) {
    if (to->fd < 0) return GOES_ON;
    if (!to->can_write) return WAITS;
    ssize_t moved = FAULTY(FAULT_SPLICE, splice(pipe->out, NULL, to->fd, NULL, pipe->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
    if (moved > 0) pipe->held -= (uint32_t)moved;
    else if (moved < 0) {
      enum moved outcome = wrote_nothing(io, slot, !name);
      if (outcome != GOES_ON) return outcome;
    }
  }
  return GOES_ON;
}

static enum moved pass_splice(struct io *io, uint32_t slot, int name, uint64_t allowed) {
  struct link *link = &io->links[slot];
  struct passage *passage = &link->passages[name];
  size_t wanted = allowed < PIPE_BYTES ? (size_t)allowed : PIPE_BYTES;
  ssize_t length =
      FAULTY(FAULT_SPLICE, splice(link->sides[name].fd, NULL, passage->pipe->in, NULL, wanted, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
  if (length <= 0) return read_nothing(io, slot, name, length);
  passage->streak = length < THIN_BYTES ? passage->streak + 1 : 0;
  if (passage->streak >= THIN_STREAK) {
    passage->is_bulk = false;
    passage->streak = 0;
  }
  passage->pipe->held = (uint32_t)length;
  count(io, slot, name, (uint64_t)length);
  return drain_pipe(io, slot, name);
}

// What waits goes first, then the end of the side is passed on, then more is read: so a reader that stalls holds a pipe or a buffer full.
static enum moved pass_once(struct io *io, uint32_t slot, int name, uint64_t quota) {
  struct link *link = &io->links[slot];
  struct passage *passage = &link->passages[name];
  struct side *from = &link->sides[name], *to = &link->sides[!name];
  uint32_t generation = link->generation;
  if (!side_flush(io, slot, !name)) return link->generation == generation ? WAITS : GONE;
  if (passage->pipe && passage->pipe->held) {
    enum moved outcome = drain_pipe(io, slot, name);
    if (outcome != GOES_ON) return outcome;
  }
  if (from->ended) return WAITS;
  if (from->fd < 0 || !from->can_read || (to->fd >= 0 && !to->can_write)) return WAITS;
  uint64_t allowed = quota, paced = pace_allows(passage, io->now);
  if (paced == 0) {
    link_later(io, slot, io->now + WAIT_MS);
    return WAITS;
  }
  if (paced < allowed) allowed = paced;
  if (passage->is_metered && passage->budget == 0) return ask_budget(io, slot, name);
  if (passage->is_metered && passage->budget < allowed) allowed = passage->budget;
  bool is_spliced = passage->is_bulk && to->fd >= 0 && (passage->pipe || pipe_take(io, passage));
  return is_spliced ? pass_splice(io, slot, name, allowed) : pass_copy(io, slot, name, allowed);
}

static enum moved pass(struct io *io, uint32_t slot, int name) {
  struct link *link = &io->links[slot];
  double start = io->told[slot].relayed[name];
  if (!link->passages[name].is_open) return WAITS;
  for (;;) {
    double moved = io->told[slot].relayed[name] - start;
    if (moved >= TURN_BYTES) {
      io_ready(io, slot);
      return WAITS;
    }
    enum moved outcome = pass_once(io, slot, name, (uint64_t)(TURN_BYTES - moved));
    if (outcome == GOES_ON) continue;
    if (outcome == WAITS && link->passages[name].pipe && !link->passages[name].pipe->held) pipe_give(io, &link->passages[name]);
    return outcome;
  }
}

static void run_passages(struct io *io, uint32_t slot) {
  struct link *link = &io->links[slot];
  for (int name = CLIENT; name <= UPSTREAM; name++)
    if (pass(io, slot, name) == GONE) return;
  // Both have ended and nothing waits: closing tells the end as well as a half-close before it would, in one system call.
  if (is_passed(link, CLIENT) && is_passed(link, UPSTREAM)) {
    return link_over(io, slot, link->first_end ? link->first_end - 1u : CLIENT, 0);
  }
  for (int name = CLIENT; name <= UPSTREAM; name++)
    if (is_passed(link, name)) side_shut(link, !name);
}

// INVARIANT: once JavaScript has stopped a connection and sees it not busy, nothing more passes and its counters are final.
void relay_run(struct io *io, uint32_t slot) {
  struct told *told = &io->told[slot];
  uint32_t generation = io->links[slot].generation;
  atomic_store(&told->busy, 1);
  if (atomic_load(&told->stop) != generation) run_passages(io, slot);
  atomic_store_explicit(&told->busy, 0, memory_order_release);
}
