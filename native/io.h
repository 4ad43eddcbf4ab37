// The native transport: threads that accept, read, dial, relay and close. JavaScript decides, this moves bytes and interprets none.
//
// One `struct io` a thread. JavaScript and the thread share one mapping: counters of the two rings, the rings, what is told of each
// connection, and two slabs of bytes. Each ring has one writer and one reader:
//   - the writer fills a record, then publishes it by a release store of `head`; the reader loads `head` with acquire, so it sees the
//     whole record and, since bytes are written before their record, the bytes as well;
//   - the reader gives records and bytes back by a release store of `tail`, which the writer loads with acquire before it reuses them.
// Going to sleep and waking are sequentially consistent on both sides: whoever sleeps says so first and then looks once more, whoever
// publishes does so first and then looks who sleeps. One of the two sees the other (Dekker). In JavaScript every access to these
// counters is by `Atomics`, which is sequentially consistent; records are then read and written plainly.
#ifndef EXEAT_IO_H
#define EXEAT_IO_H
#define _GNU_SOURCE
#include <node_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  ABI_VERSION = 1,
  RECORD_WORDS = 16,
  EVENTS = 4096,
  COMMANDS = 4096,
  EVENT_SLAB_BYTES = 1 << 20,
  COMMAND_SLAB_BYTES = 1 << 20,
  READ_BYTES = 16384,
  COPY_BYTES = 65536,
  // What one flow may move before the others have their turn.
  TURN_BYTES = 1 << 20,
  // As much as the system grants without rights: a pipe of a quarter costs twice the processor time per byte.
  PIPE_BYTES = 1 << 20,
  // Of a thread. A reader that stalls holds one full: this bounds their memory, and stays below what a user may have of them
  // (pipe-user-pages-soft). Flows beyond are copied.
#ifdef EXEAT_FAULTS
  MAX_PIPES = 3,
#else
  MAX_PIPES = 48,
#endif
  MAX_TARGETS = 8,
  MAX_LISTENERS = 16,
  WHEEL_SLOTS = 1024,
  TICK_MS = 32,
  ATTEMPT_DELAY_MS = 250,
  KEEPALIVE_AT_MS = 30000,
  // What JavaScript is told of later, with other things or by itself: nobody waits for it.
  TELL_WITHIN_MS = 8,
  NONE = -1,
};

// Words of the shared counters; each has a cache line of its own.
enum shared_word { EVENT_HEAD = 0, EVENT_TAIL = 16, COMMAND_HEAD = 32, COMMAND_TAIL = 48, SLEEPS = 64, STARVED = 80, WAKING = 96,
                   EVENT_SLAB_TAIL = 112, COMMAND_SLAB_TAIL = 128, COMMANDS_WAIT = 144, SHARED_WORDS = 160 };

enum event { EV_ACCEPTED = 1, EV_BYTES, EV_END, EV_LOST, EV_DRAINED, EV_DIALLED, EV_DIAL_FAILED, EV_OVER, EV_DUE, EV_CLOSED, EV_BUDGET,
             EV_DETACHED };
enum command { CMD_READ = 1, CMD_SEND, CMD_DRAIN, CMD_DIAL, CMD_DROP, CMD_RELAY, CMD_METER, CMD_GRANT, CMD_ARM, CMD_CLOSE, CMD_RESET,
               CMD_RESET_TAG, CMD_TAG, CMD_PACE, CMD_DETACH, CMD_ADOPT, CMD_LISTEN, CMD_UNLISTEN };
// Words of a record. The last says, in each ring, up to where its slab is used: the reader gives bytes back by it.
enum record_word { R_TYPE, R_SLOT, R_GENERATION, R_A, R_B, R_TOTALS = 6, R_OFFSET = 13, R_LENGTH = 14, R_SLAB = 15 };

enum side_name { CLIENT, UPSTREAM };
enum link_state { FREE, TALKING, RELAYING, CLOSING };

// What JavaScript reads, and one word that it writes, of each connection; 64 bytes.
struct told {
  double relayed[2];          // bytes that were relayed from each side
  double flushed[2];          // bytes of `send` that the kernel took for each side
  _Atomic uint32_t stop;      // JavaScript: the generation that passes nothing more from now on
  _Atomic uint32_t busy;      // the thread is moving bytes of this connection
  uint32_t unused[6];
};

struct chunk {
  struct chunk *next;
  uint32_t length, sent;
  unsigned char bytes[];
};

struct pipe {
  struct pipe *next;
  int in, out;
  uint32_t held;
};

struct pace {
  double tokens, bytes_per_ms, burst;
  int64_t at;
};

// One socket of a connection.
struct side {
  int fd;
  uint32_t delivered;         // bytes told to JavaScript, and one for the end
  struct chunk *first, *last; // sent and not taken by the kernel yet
  // `reads_on`: a short read does not mean that nothing more is there. `all_here`: its end has come, behind what is there.
  bool can_read : 1, can_write : 1, reads_on : 1, all_here : 1, wanted : 1, ended : 1, shut : 1, drain_asked : 1;
};

// Bytes from one side to the other.
struct passage {
  struct pipe *pipe;
  struct pace *pace;
  uint64_t budget;
  uint32_t streak;            // full reads in a row; of a bulk flow, thin ones
  bool is_open : 1, is_bulk : 1, is_metered : 1, asked : 1;
};

struct target {
  uint32_t family, port, words[4];
};

struct race {
  uint32_t count, next, open, mark;
  bool has_source;
  int fds[MAX_TARGETS], faults[MAX_TARGETS];
  struct target targets[MAX_TARGETS], source;
};

struct link {
  struct side sides[2];
  struct passage passages[2]; // by the side that they come from
  struct race *race;
  int64_t started, active, deadline, alarm; // milliseconds; 0: none
  uint32_t generation, tag, before, after, wheel_slot;
  uint8_t state, up_role, epoch, first_end;
  bool is_queued : 1, is_starved : 1, is_kept_alive : 1;
};

struct listener {
  int fd;
  uint32_t number, port, is_wild;
  bool is_exclusive, is_watched;
};

// Slot numbers, each at most once: `is_queued` or `is_starved` of the link says so.
struct queue {
  uint32_t *items, mask, head, tail;
};

struct io {
  int epoll, wake, spare;
  uint32_t capacity, used, free_head, *free_list;
  struct link *links;
  // The shared mapping and its parts.
  unsigned char *memory;
  size_t memory_bytes;
  _Atomic uint32_t *shared;
  uint32_t *events, *commands;
  struct told *told;
  unsigned char *event_slab, *command_slab;
  // Counters that only the thread writes, before they are published.
  uint32_t event_head, event_tail, command_tail, event_slab_head, command_slab_tail;
  uint32_t *overflow;
  uint32_t overflow_count, overflow_size;
  struct queue ready, starved;
  struct listener listeners[MAX_LISTENERS];
  uint32_t listener_count;
  int64_t accept_at; // accepting pauses until then; 0: it does not
  uint32_t wheel[WHEEL_SLOTS];
  uint64_t wheel_bits[WHEEL_SLOTS / 64];
  int64_t now, tick;
  struct pipe *pipes;
  uint32_t pipe_count;
  int64_t idle_ms, total_ms;
  unsigned char *copy;
  bool must_wake;
  int64_t tell_at; // JavaScript is woken then at the latest for what can wait; 0: nothing waits
  atomic_bool is_ending;
  pthread_t thread;
  bool is_running;
  // Of the JavaScript thread.
  napi_threadsafe_function callback;
  uint32_t owners;
};

// System calls that a test build can make fail.
#ifdef EXEAT_FAULTS
struct fault_plan {
  _Atomic int after, times, code;
};
enum fault_call { FAULT_ACCEPT, FAULT_SOCKET, FAULT_CONNECT, FAULT_RECV, FAULT_SEND, FAULT_SPLICE, FAULT_PIPE, FAULT_CALLS };
extern struct fault_plan faults[FAULT_CALLS];
bool fault_due(enum fault_call call);
#define FAULTY(call, real) (fault_due(call) ? -1 : (real))
#else
#define FAULTY(call, real) (real)
#endif

// loop.c
bool watch(struct io *io, int fd, uint32_t events, uint64_t key);
bool watch_side(struct io *io, int fd, uint64_t key);
uint64_t watch_key(const struct io *io, uint32_t slot, uint32_t role);
bool io_open(struct io *io, uint32_t capacity);
void io_close(struct io *io);
void *io_run(void *io);
void io_wake(struct io *io);
int64_t io_now(void);
uint32_t *io_emit(struct io *io, enum event type, uint32_t slot);
unsigned char *io_slab(struct io *io, uint32_t bytes);
void io_slab_used(struct io *io, uint32_t *record, const unsigned char *bytes, uint32_t length);
bool io_has_room(const struct io *io);
void io_ready(struct io *io, uint32_t slot);
void io_starve(struct io *io, uint32_t slot);
void io_command(struct io *io, const uint32_t *record);

// link.c
uint32_t link_take(struct io *io, int fd);
void link_over(struct io *io, uint32_t slot, uint32_t by, int code);
void link_keep_alive(const struct link *link);
void link_free(struct io *io, uint32_t slot, bool resets);
void link_run(struct io *io, uint32_t slot);
void link_lost(struct io *io, uint32_t slot, enum side_name name, int code);
void link_command(struct io *io, const uint32_t *record);
void link_due(struct io *io, uint32_t slot);
void link_later(struct io *io, uint32_t slot, int64_t at);
void side_ready(struct side *side, uint32_t events);
bool side_flush(struct io *io, uint32_t slot, enum side_name name);
void side_hold(struct side *side, const unsigned char *bytes, uint32_t length);
void side_shut(struct link *link, enum side_name name);
void side_close(struct link *link, enum side_name name, bool resets);

// dial.c
void dial_start(struct io *io, uint32_t slot, const uint32_t *record);
void dial_attempt(struct io *io, uint32_t slot);
void dial_event(struct io *io, uint32_t slot, uint32_t attempt, uint32_t events);
void dial_cancel(struct link *link);

// listen.c
void listen_add(struct io *io, int fd, uint32_t number, uint32_t flags);
void listen_remove(struct io *io, uint32_t number);
void listen_accept(struct io *io, uint32_t index);
void listen_resume(struct io *io);

// relay.c
void relay_start(struct io *io, uint32_t slot, const uint32_t *record);
void relay_run(struct io *io, uint32_t slot);
void relay_meter(struct link *link, bool is_metered);
void passage_drop_pipe(struct io *io, struct passage *passage);
void passage_reset(struct io *io, struct passage *passage);
void passage_pace(struct passage *passage, uint32_t bytes_per_second, uint32_t burst, int64_t now);
void pipe_pool_close(struct io *io);

// binding.c
enum { MAX_ARGUMENTS = 4 };
napi_value fail(napi_env env, const char *what);
bool arguments(napi_env env, napi_callback_info info, size_t least, napi_value *values);
napi_value number(napi_env env, double value);
bool read_number(napi_env env, napi_value value, int64_t *into);

// datagram.c
bool datagram_is_possible(void);
napi_value datagram_open(napi_env env, napi_callback_info info);
napi_value datagram_later(napi_env env, napi_callback_info info);
napi_value datagram_counts(napi_env env, napi_callback_info info);
napi_value datagram_close(napi_env env, napi_callback_info info);

// wheel.c
void wheel_set(struct io *io, uint32_t slot);
void wheel_clear(struct io *io, uint32_t slot);
void wheel_turn(struct io *io);
int wheel_wait_ms(const struct io *io);

#endif
