// The loop of a thread: commands in, events out, one wake-up of JavaScript a turn.
#include "io.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { EPOLL_EVENTS = 256, STARVED_WAIT_MS = 20, ROOM_FOR_ONE = 8 };

uint64_t watch_key(const struct io *io, uint32_t slot, uint32_t role) {
  return (uint64_t)io->links[slot].generation << 32 | (uint64_t)slot << 8 | role;
}

bool watch(struct io *io, int fd, uint32_t events, uint64_t key) {
  struct epoll_event event = {.events = events, .data.u64 = key};
  return epoll_ctl(io->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

// Edge-triggered, for both directions, once and for all: no system call changes what is watched.
bool watch_side(struct io *io, int fd, uint64_t key) {
  return watch(io, fd, EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET, key);
}

int64_t io_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint32_t power_of_two(uint32_t least) {
  uint32_t size = 64;
  while (size < least) size *= 2;
  return size;
}

static bool queue_open(struct queue *queue, uint32_t capacity) {
  queue->mask = power_of_two(capacity) - 1;
  queue->items = calloc((size_t)queue->mask + 1, sizeof *queue->items);
  return queue->items != NULL;
}

static void queue_push(struct queue *queue, uint32_t slot) { queue->items[queue->tail++ & queue->mask] = slot; }

// Memory of links and of what is told of them is reserved for all and touched by those that live: the kernel gives it by the page.
static void *reserve(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static bool map_shared(struct io *io) {
  size_t counters = 4096, rings = (size_t)RECORD_WORDS * 4 * (EVENTS + COMMANDS);
  io->memory_bytes = counters + rings + EVENT_SLAB_BYTES + COMMAND_SLAB_BYTES + sizeof(struct told) * (size_t)io->capacity;
  io->memory = reserve(io->memory_bytes);
  if (!io->memory) return false;
  io->shared = (_Atomic uint32_t *)io->memory;
  io->events = (uint32_t *)(io->memory + counters);
  io->commands = io->events + (size_t)RECORD_WORDS * EVENTS;
  io->event_slab = io->memory + counters + rings;
  io->command_slab = io->event_slab + EVENT_SLAB_BYTES;
  io->told = (struct told *)(io->command_slab + COMMAND_SLAB_BYTES);
  return true;
}

bool io_open(struct io *io, uint32_t capacity) {
  io->capacity = capacity;
  io->epoll = epoll_create1(EPOLL_CLOEXEC);
  io->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  io->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  io->links = reserve(sizeof(struct link) * (size_t)capacity);
  io->free_list = reserve(sizeof(uint32_t) * (size_t)capacity);
  io->copy = malloc(COPY_BYTES);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = UINT64_MAX};
  return io->epoll >= 0 && io->wake >= 0 && io->links && io->free_list && io->copy && map_shared(io) &&
         queue_open(&io->ready, capacity) && queue_open(&io->starved, capacity) &&
         epoll_ctl(io->epoll, EPOLL_CTL_ADD, io->wake, &event) == 0;
}

// The shared mapping stays: JavaScript may still look at it, and unmaps it when it does not.
void io_close(struct io *io) {
  for (uint32_t slot = 0; io->links && slot < io->used; slot++)
    if (io->links[slot].state != FREE) link_free(io, slot, true);
  while (io->listener_count) listen_remove(io, io->listeners[0].number);
  pipe_pool_close(io);
  if (io->epoll >= 0) close(io->epoll);
  if (io->spare >= 0) close(io->spare);
  if (io->links) munmap(io->links, sizeof(struct link) * (size_t)io->capacity);
  if (io->free_list) munmap(io->free_list, sizeof(uint32_t) * (size_t)io->capacity);
  free(io->ready.items);
  free(io->starved.items);
  free(io->overflow);
  free(io->copy);
  io->epoll = io->spare = NONE;
  io->links = NULL;
}

void io_wake(struct io *io) {
  uint64_t one = 1;
  // Full means that it was woken already.
  if (write(io->wake, &one, sizeof one) < 0) return;
}

void io_ready(struct io *io, uint32_t slot) {
  if (io->links[slot].is_queued) return;
  io->links[slot].is_queued = true;
  queue_push(&io->ready, slot);
}

void io_starve(struct io *io, uint32_t slot) {
  if (io->links[slot].is_starved) return;
  io->links[slot].is_starved = true;
  queue_push(&io->starved, slot);
}

static uint32_t used_events(struct io *io) {
  if (io->event_head - io->event_tail >= EVENTS / 2)
    io->event_tail = atomic_load_explicit(&io->shared[EVENT_TAIL], memory_order_acquire);
  return io->event_head - io->event_tail;
}

// Whether more may be accepted and read: JavaScript keeps up. Everything else that can happen to a connection happens once or twice.
bool io_has_room(const struct io *io) {
  uint32_t used = io->event_head - atomic_load_explicit(&io->shared[EVENT_TAIL], memory_order_acquire);
  return io->overflow_count == 0 && used + ROOM_FOR_ONE < EVENTS;
}

// A record that finds no room waits here. Reading and accepting have stopped by then, so it is a few records a connection at most.
static uint32_t *overflow_record(struct io *io) {
  if (io->overflow_count == io->overflow_size) {
    uint32_t size = io->overflow_size ? io->overflow_size * 2 : 64;
    uint32_t *grown = realloc(io->overflow, (size_t)size * RECORD_WORDS * 4);
    // An event that is lost would leave a connection open that nobody judges.
    if (!grown) abort();
    io->overflow = grown;
    io->overflow_size = size;
  }
  return io->overflow + (size_t)RECORD_WORDS * io->overflow_count++;
}

uint32_t *io_emit(struct io *io, enum event type, uint32_t slot) {
  bool fits = io->overflow_count == 0 && used_events(io) < EVENTS;
  uint32_t *record = fits ? io->events + (size_t)RECORD_WORDS * (io->event_head++ % EVENTS) : overflow_record(io);
  memset(record, 0, RECORD_WORDS * 4);
  record[R_TYPE] = type | (uint32_t)io->links[slot].epoch << 8;
  record[R_SLOT] = slot;
  record[R_GENERATION] = io->links[slot].generation;
  record[R_SLAB] = io->event_slab_head;
  // A client that has just connected speaks next, and one that is gone waits for nothing.
  if (type != EV_ACCEPTED && type != EV_OVER && type != EV_CLOSED) io->must_wake = true;
  else if (!io->tell_at) io->tell_at = io->now + TELL_WITHIN_MS;
  return record;
}

static void flush_overflow(struct io *io) {
  if (io->overflow_count == 0) return;
  uint32_t moved = 0;
  while (moved < io->overflow_count && used_events(io) < EVENTS)
    memcpy(io->events + (size_t)RECORD_WORDS * (io->event_head++ % EVENTS), io->overflow + (size_t)RECORD_WORDS * moved++, RECORD_WORDS * 4);
  io->overflow_count -= moved;
  // JavaScript was woken for what found room before, and has gone to sleep over it since.
  if (moved > 0) io->must_wake = true;
  memmove(io->overflow, io->overflow + (size_t)RECORD_WORDS * moved, (size_t)RECORD_WORDS * 4 * io->overflow_count);
}

// Room for so many bytes in one piece, or NULL: then the thread says that it starves, and is woken when JavaScript gave some back.
unsigned char *io_slab(struct io *io, uint32_t bytes) {
  uint32_t tail = atomic_load_explicit(&io->shared[EVENT_SLAB_TAIL], memory_order_acquire);
  uint32_t at = io->event_slab_head % EVENT_SLAB_BYTES;
  uint32_t skipped = at + bytes > EVENT_SLAB_BYTES ? EVENT_SLAB_BYTES - at : 0;
  if (!io_has_room(io) || io->event_slab_head + skipped + bytes - tail > EVENT_SLAB_BYTES) {
    atomic_store(&io->shared[STARVED], 1);
    return NULL;
  }
  return io->event_slab + (at + skipped) % EVENT_SLAB_BYTES;
}

void io_slab_used(struct io *io, uint32_t *record, const unsigned char *bytes, uint32_t length) {
  uint32_t at = io->event_slab_head % EVENT_SLAB_BYTES, offset = (uint32_t)(bytes - io->event_slab);
  if (offset < at) io->event_slab_head += EVENT_SLAB_BYTES - at;
  io->event_slab_head += length;
  record[R_OFFSET] = offset;
  record[R_LENGTH] = length;
  record[R_SLAB] = io->event_slab_head;
}

static void publish(struct io *io) {
  flush_overflow(io);
  bool is_late = io->tell_at && (io->now >= io->tell_at || used_events(io) >= EVENTS / 2);
  if (atomic_load_explicit(&io->shared[EVENT_HEAD], memory_order_relaxed) != io->event_head)
    atomic_store(&io->shared[EVENT_HEAD], io->event_head);
  if (!io->must_wake && !is_late) return;
  io->must_wake = false;
  io->tell_at = 0;
  // Told once until JavaScript says that it looks.
  if (atomic_exchange(&io->shared[WAKING], 1) == 0) napi_call_threadsafe_function(io->callback, NULL, napi_tsfn_nonblocking);
}

static bool has_commands(const struct io *io) {
  return atomic_load(&io->shared[COMMAND_HEAD]) != io->command_tail;
}

static void take_commands(struct io *io) {
  uint32_t head = atomic_load_explicit(&io->shared[COMMAND_HEAD], memory_order_acquire);
  if (head == io->command_tail) return;
  while (io->command_tail != head) {
    const uint32_t *record = io->commands + (size_t)RECORD_WORDS * (io->command_tail % COMMANDS);
    io_command(io, record);
    io->command_slab_tail = record[R_SLAB];
    io->command_tail++;
  }
  atomic_store_explicit(&io->shared[COMMAND_SLAB_TAIL], io->command_slab_tail, memory_order_release);
  atomic_store(&io->shared[COMMAND_TAIL], io->command_tail);
  // JavaScript holds commands back that found no room.
  if (atomic_load(&io->shared[COMMANDS_WAIT])) io->must_wake = true;
}

static void reset_tag(struct io *io, uint32_t tag) {
  for (uint32_t slot = 0; slot < io->used; slot++)
    if (io->links[slot].state != FREE && (tag == 0 || io->links[slot].tag == tag)) link_free(io, slot, true);
}

void io_command(struct io *io, const uint32_t *record) {
  switch (record[R_TYPE] & 0xff) {
    case CMD_LISTEN: listen_add(io, (int)record[R_A], record[R_B] & 0xffff, record[R_B] >> 16); return;
    case CMD_UNLISTEN: listen_remove(io, record[R_A]); return;
    case CMD_RESET_TAG: reset_tag(io, record[R_A]); return;
    case CMD_ADOPT: {
      uint32_t slot = link_take(io, (int)record[R_A]);
      if (slot == io->capacity) close((int)record[R_A]);
      else io_emit(io, EV_ACCEPTED, slot)[3] = record[R_B];
      return;
    }
    default: break;
  }
  uint32_t slot = record[R_SLOT];
  // INVARIANT: a command for a connection that is gone does not reach the one that has its slot now.
  if (slot >= io->used || io->links[slot].state == FREE || io->links[slot].generation != record[R_GENERATION]) return;
  link_command(io, record);
}

static void run_ready(struct io *io) {
  if (io_has_room(io))
    for (; io->starved.head != io->starved.tail; io->starved.head++) {
      uint32_t slot = io->starved.items[io->starved.head & io->starved.mask];
      io->links[slot].is_starved = false;
      io_ready(io, slot);
    }
  for (uint32_t end = io->ready.tail; io->ready.head != end;) {
    uint32_t slot = io->ready.items[io->ready.head++ & io->ready.mask];
    io->links[slot].is_queued = false;
    if (io->links[slot].state != FREE) link_run(io, slot);
  }
}

static void on_socket(struct io *io, uint64_t key, uint32_t events) {
  uint32_t slot = (uint32_t)(key >> 8) & 0xffffff, role = key & 0xff, generation = (uint32_t)(key >> 32);
  if (slot >= io->used) return;
  struct link *link = &io->links[slot];
  // Reported in the same turn in which its connection ended.
  if (link->state == FREE || link->generation != generation) return;
  if (role >= 16 && role != link->up_role) return dial_event(io, slot, role - 16, events);
  struct side *side = &link->sides[role == 0 ? CLIENT : UPSTREAM];
  side_ready(side, events);
  // While JavaScript decides nothing is read: that the client is gone is told at once all the same.
  bool is_gone = role == 0 && link->state == TALKING && (events & (EPOLLHUP | EPOLLERR));
  link_run(io, slot);
  if (is_gone && link->state == TALKING && link->generation == generation && !side->wanted) link_lost(io, slot, CLIENT, ECONNRESET);
}

static void on_event(struct io *io, const struct epoll_event *event) {
  uint64_t key = event->data.u64, count;
  if (key == UINT64_MAX) {
    if (read(io->wake, &count, sizeof count) < 0) return;
  } else if ((key & 0xff) == 0xff) listen_accept(io, (uint32_t)(key >> 8));
  else on_socket(io, key, event->events);
}

static int wait_ms(const struct io *io) {
  if (io->ready.head != io->ready.tail) return 0;
  int wait = wheel_wait_ms(io);
  int64_t other = io->accept_at ? io->accept_at - io->now : NONE;
  if (io->starved.head != io->starved.tail || io->overflow_count) other = STARVED_WAIT_MS;
  if (io->accept_at && other < 0) other = 0;
  if (io->tell_at && (other == NONE || io->tell_at - io->now < other)) other = io->tell_at > io->now ? io->tell_at - io->now : 0;
  return other == NONE || (wait != NONE && wait < other) ? wait : (int)other;
}

// INVARIANT: a command that was published before the thread sleeps is seen by it, or wakes it (see io.h).
static int sleep_for(struct io *io) {
  int wait = wait_ms(io);
  if (wait == 0) return 0;
  atomic_store(&io->shared[SLEEPS], 1);
  return has_commands(io) ? 0 : wait;
}

void *io_run(void *given) {
  struct io *io = given;
  struct epoll_event events[EPOLL_EVENTS];
  io->now = io_now();
  io->tick = io->now / TICK_MS;
  while (!atomic_load(&io->is_ending)) {
    take_commands(io);
    run_ready(io);
    wheel_turn(io);
    if (io->accept_at && io->accept_at <= io->now) listen_resume(io);
    publish(io);
    int count = epoll_wait(io->epoll, events, EPOLL_EVENTS, sleep_for(io));
    atomic_store(&io->shared[SLEEPS], 0);
    io->now = io_now();
    for (int i = 0; i < count; i++) on_event(io, &events[i]);
    publish(io);
  }
  // What was told before the end still holds descriptors: a listener that was never taken over would stay open.
  take_commands(io);
  publish(io);
  io_close(io);
  return NULL;
}
