// Datagrams in batches: one system call takes what waits, JavaScript is called once, one more sends its replies. On the thread of
// JavaScript, woken by its own loop: nothing is handed over, and no second thread has to be woken.
//
// One mapping is shared, so that JavaScript calls nothing for it: BATCH + 1 records, as many rooms for datagrams, and as many for replies.
// A record says who sent a datagram and to which address; the reply goes back by it. The last ones are for a reply that comes later.
#include "io.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  BATCH = 32,
  LATER = BATCH,
  ROOM_BYTES = 2048,
  // Rooms that were a power of two apart would meet in the same lines of the cache.
  ROOM_APART = ROOM_BYTES + 64,
  // Batches before anything else of JavaScript has its turn.
  MAX_ROUNDS = 4,
};

// What is used of libuv, whose binary interface does not change within version 1; its header is not among those of Node-API.
// linux/sock_diag.h, which is not among the headers of every libc.
enum { SK_MEMINFO_DROPS = 8, SK_MEMINFO_VARS = 9 };
enum { UV_POLL_TYPE = 8, UV_READABLE = 1, UV_WRITABLE = 2 };
const char *uv_handle_type_name(int type);
size_t uv_handle_size(int type);
int uv_poll_init(struct uv_loop_s *loop, void *poll, int fd);
int uv_poll_start(void *poll, int events, void (*callback)(void *poll, int status, int events));
void uv_close(void *handle, void (*closed)(void *handle));
void *uv_handle_get_data(const void *handle);
void uv_handle_set_data(void *handle, void *data);

// As JavaScript has it too. `control` says as the kernel wrote it which address was asked, and is sent back with the reply.
struct datagram_record {
  uint32_t length, reply, is_cut, peer_bytes;
  unsigned char peer[sizeof(struct sockaddr_in6)];
  uint32_t control_bytes;
  unsigned char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
  uint32_t unused[2];
};
_Static_assert(sizeof(struct datagram_record) == 96 && offsetof(struct datagram_record, control) % 16 == 0, "words as JavaScript has them");

struct datagrams {
  napi_env env;
  napi_ref taker;
  napi_async_context context;
  napi_async_cleanup_hook_handle hook;
  void *poll;
  int fd, watched;
  bool is_wild, is_closed;
  uint32_t owners, out_count, out_done, dropped, failed;
  unsigned char *memory;
  struct datagram_record *records;
  struct mmsghdr in[BATCH], out[BATCH];
  struct iovec in_room[BATCH], out_room[BATCH];
};

static const size_t memory_bytes = (BATCH + 1) * (sizeof(struct datagram_record) + 2 * (size_t)ROOM_APART);

static unsigned char *room_of(const struct datagrams *all, uint32_t at, bool is_reply) {
  return (unsigned char *)(all->records + BATCH + 1) + (size_t)ROOM_APART * (at + (is_reply ? BATCH + 1 : 0));
}

// Of the mapping, the object of JavaScript and the poll: whoever is last frees.
static void let_go(struct datagrams *all) {
  if (--all->owners > 0) return;
  munmap(all->memory, memory_bytes);
  free(all);
}

static void on_unused(napi_env env, void *data, void *hint) {
  (void)env, (void)data;
  let_go(hint);
}

static void on_poll_closed(void *poll) {
  struct datagrams *all = uv_handle_get_data(poll);
  close(all->fd);
  free(poll);
  napi_remove_async_cleanup_hook(all->hook);
  let_go(all);
}

static void close_datagrams(struct datagrams *all) {
  if (!all->is_closed) uv_close(all->poll, on_poll_closed);
  all->is_closed = true;
}

static void on_environment_ends(napi_async_cleanup_hook_handle hook, void *all) {
  (void)hook;
  close_datagrams(all);
}

static void fill_in(struct datagrams *all, uint32_t at) {
  struct datagram_record *record = &all->records[at];
  all->in_room[at] = (struct iovec){room_of(all, at, false), ROOM_BYTES};
  all->in[at].msg_hdr = (struct msghdr){.msg_name = record->peer, .msg_namelen = sizeof record->peer, .msg_iov = &all->in_room[at], .msg_iovlen = 1};
  if (!all->is_wild) return;
  all->in[at].msg_hdr.msg_control = record->control;
  all->in[at].msg_hdr.msg_controllen = sizeof record->control;
}

// The reply leaves from the address that was asked; by which interface is for the routes to say, as with any other.
static void forget_interface(struct msghdr *header) {
  struct cmsghdr *control = CMSG_FIRSTHDR(header);
  if (!control) return;
  bool is_six = control->cmsg_level == IPPROTO_IPV6;
  memset(CMSG_DATA(control) + (is_six ? offsetof(struct in6_pktinfo, ipi6_ifindex) : offsetof(struct in_pktinfo, ipi_ifindex)), 0, 4);
}

static int receive(struct datagrams *all) {
  int count = FAULTY(FAULT_RECV, recvmmsg(all->fd, all->in, BATCH, MSG_DONTWAIT, NULL));
  for (int at = 0; at < count; at++) {
    struct datagram_record *record = &all->records[at];
    struct msghdr *header = &all->in[at].msg_hdr;
    if (all->is_wild) forget_interface(header);
    record->length = all->in[at].msg_len;
    record->reply = 0;
    record->is_cut = (header->msg_flags & MSG_TRUNC) != 0;
    record->peer_bytes = header->msg_namelen;
    record->control_bytes = all->is_wild ? (uint32_t)header->msg_controllen : 0;
    fill_in(all, (uint32_t)at);
  }
  return count;
}

static void on_ready(void *poll, int status, int events);

// Nothing is read while replies wait for room in the kernel: what waits is one batch at most.
static void await_turn(struct datagrams *all) {
  int wanted = all->out_done < all->out_count ? UV_WRITABLE : UV_READABLE;
  if (all->is_closed || wanted == all->watched) return;
  all->watched = wanted;
  uv_poll_start(all->poll, wanted, on_ready);
}

// Gives whether nothing waits any more. What cannot be sent at all, such as to an address without a route, is left out and counted.
static bool flush(struct datagrams *all) {
  while (all->out_done < all->out_count) {
    int sent = FAULTY(FAULT_SEND, sendmmsg(all->fd, all->out + all->out_done, all->out_count - all->out_done, MSG_DONTWAIT));
    if (sent > 0) all->out_done += (uint32_t)sent;
    else if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    else if (errno != EINTR) {
      // Of ENOBUFS nobody tells when it is over: what is lost so is asked for again, as with UDP.
      if (errno == ENOBUFS || errno == ENOMEM) all->dropped++;
      else all->failed++;
      all->out_done++;
    }
  }
  return true;
}

// Sends the replies of the records from `at` to `end` that have one, and of what waits before them.
static void reply(struct datagrams *all, uint32_t at, uint32_t end) {
  if (flush(all)) all->out_count = all->out_done = 0;
  for (; at < end; at++) {
    struct datagram_record *record = &all->records[at];
    if (record->reply == 0 || record->reply > ROOM_BYTES || record->peer_bytes > sizeof record->peer) continue;
    if (all->out_count == BATCH || (at == LATER && all->out_count > 0)) {
      all->dropped++;
      continue;
    }
    uint32_t place = all->out_count++;
    struct msghdr *header = &all->out[place].msg_hdr;
    all->out_room[place] = (struct iovec){room_of(all, at, true), record->reply};
    *header = (struct msghdr){.msg_name = record->peer, .msg_namelen = record->peer_bytes, .msg_iov = &all->out_room[place], .msg_iovlen = 1};
    if (record->control_bytes == 0 || record->control_bytes > sizeof record->control) continue;
    header->msg_control = record->control;
    header->msg_controllen = record->control_bytes;
  }
  flush(all);
  await_turn(all);
}

static bool call_taker(struct datagrams *all, int count) {
  napi_handle_scope scope;
  napi_value taker, nobody, given, error;
  if (napi_open_handle_scope(all->env, &scope) != napi_ok) return false;
  bool is_ready = napi_get_reference_value(all->env, all->taker, &taker) == napi_ok && napi_get_global(all->env, &nobody) == napi_ok &&
                  napi_create_int32(all->env, count, &given) == napi_ok;
  napi_status done = is_ready ? napi_make_callback(all->env, all->context, nobody, taker, 1, &given, NULL) : napi_generic_failure;
  if (done == napi_pending_exception && napi_get_and_clear_last_exception(all->env, &error) == napi_ok) napi_fatal_exception(all->env, error);
  napi_close_handle_scope(all->env, scope);
  return done == napi_ok;
}

static void on_ready(void *poll, int status, int events) {
  struct datagrams *all = uv_handle_get_data(poll);
  (void)status, (void)events;
  for (int round = 0; round < MAX_ROUNDS && !all->is_closed && flush(all); round++) {
    int count = receive(all);
    // Nothing, or an error of the socket that is told once, and taken by this.
    if (count <= 0 || !call_taker(all, count) || all->is_closed) break;
    reply(all, 0, (uint32_t)count);
    // Fewer than asked for were there: another call would find none.
    if (count < BATCH) break;
  }
  await_turn(all);
}

// Whether the socket has no address of its own: then each datagram says to which one it came.
static int prepare(struct datagrams *all, int receive_bytes) {
  struct sockaddr_in6 address = {.sin6_family = AF_UNSPEC};
  const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
  int on = 1, type = 0, flags = fcntl(all->fd, F_GETFL);
  socklen_t length = sizeof address, type_bytes = sizeof type;
  if (flags < 0 || getsockopt(all->fd, SOL_SOCKET, SO_TYPE, &type, &type_bytes) < 0) return -errno;
  if (type != SOCK_DGRAM || getsockname(all->fd, (struct sockaddr *)&address, &length) < 0) return -EINVAL;
  if (fcntl(all->fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(all->fd, F_SETFD, FD_CLOEXEC) < 0) return -errno;
  // A larger buffer only rides out bursts: the kernel gives what it may.
  setsockopt(all->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  bool is_six = address.sin6_family == AF_INET6;
  if (!is_six && address.sin6_family != AF_INET) return -EAFNOSUPPORT;
  all->is_wild = is_six ? IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr) : four->sin_addr.s_addr == htonl(INADDR_ANY);
  if (!all->is_wild) return 0;
  int level = is_six ? IPPROTO_IPV6 : IPPROTO_IP, name = is_six ? IPV6_RECVPKTINFO : IP_PKTINFO;
  return setsockopt(all->fd, level, name, &on, sizeof on) < 0 ? -errno : 0;
}

static int start(struct datagrams *all, napi_value taker) {
  struct uv_loop_s *loop;
  napi_value name;
  all->poll = calloc(1, uv_handle_size(UV_POLL_TYPE));
  if (!all->poll || napi_get_uv_event_loop(all->env, &loop) != napi_ok || uv_poll_init(loop, all->poll, all->fd) != 0) {
    free(all->poll);
    return -ENOMEM;
  }
  uv_handle_set_data(all->poll, all);
  all->owners++;
  napi_create_string_utf8(all->env, "exeat-datagrams", NAPI_AUTO_LENGTH, &name);
  napi_create_reference(all->env, taker, 1, &all->taker);
  napi_async_init(all->env, NULL, name, &all->context);
  napi_add_async_cleanup_hook(all->env, on_environment_ends, all, &all->hook);
  await_turn(all);
  return 0;
}

static napi_value share(struct datagrams *all) {
  napi_value result = NULL, handle, memory;
  napi_create_object(all->env, &result);
  if (napi_create_external(all->env, all, on_unused, all, &handle) == napi_ok) all->owners++;
  napi_set_named_property(all->env, result, "handle", handle);
  if (napi_create_external_arraybuffer(all->env, all->memory, memory_bytes, on_unused, all, &memory) == napi_ok) all->owners++;
  napi_set_named_property(all->env, result, "memory", memory);
  return result;
}

// openDatagrams(fd, receiveBytes, take) -> { handle, memory }, or minus the fault; the descriptor is the addon's from then on. `take(count)`
// is called for each batch, and leaves the length of each reply in its record.
napi_value datagram_open(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS], result;
  int64_t fd, receive_bytes;
  if (!arguments(env, info, 3, given) || !read_number(env, given[0], &fd) || !read_number(env, given[1], &receive_bytes))
    return fail(env, "openDatagrams needs a descriptor, a size and a function");
  struct datagrams *all = calloc(1, sizeof *all);
  if (!all) return fail(env, "out of memory");
  *all = (struct datagrams){.env = env, .fd = (int)fd, .owners = 1};
  all->memory = mmap(NULL, memory_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  all->records = (struct datagram_record *)all->memory;
  int code = all->memory == MAP_FAILED ? -ENOMEM : prepare(all, (int)receive_bytes);
  for (uint32_t at = 0; code == 0 && at < BATCH; at++) fill_in(all, at);
  if (code == 0) code = start(all, given[2]);
  if (code != 0) close(all->fd);
  result = code == 0 ? share(all) : number(env, code);
  let_go(all);
  return result;
}

static struct datagrams *datagrams_of(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS];
  void *data = NULL;
  if (!arguments(env, info, 1, given) || napi_get_value_external(env, given[0], &data) != napi_ok) fail(env, "a handle is needed");
  return data;
}

// sendLater(handle): sends the reply that stands in the last record and its room.
napi_value datagram_later(napi_env env, napi_callback_info info) {
  struct datagrams *all = datagrams_of(env, info);
  if (all && !all->is_closed) reply(all, LATER, LATER + 1);
  return NULL;
}

// datagramCounts(handle) -> [not read in time, replies without room, replies that could not be sent]
napi_value datagram_counts(napi_env env, napi_callback_info info) {
  struct datagrams *all = datagrams_of(env, info);
  napi_value result = NULL;
  if (!all) return NULL;
  uint32_t memory[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof memory;
  if (!all->is_closed) getsockopt(all->fd, SOL_SOCKET, SO_MEMINFO, memory, &length);
  napi_create_array_with_length(env, 3, &result);
  napi_set_element(env, result, 0, number(env, memory[SK_MEMINFO_DROPS]));
  napi_set_element(env, result, 1, number(env, all->dropped));
  napi_set_element(env, result, 2, number(env, all->failed));
  return result;
}

napi_value datagram_close(napi_env env, napi_callback_info info) {
  struct datagrams *all = datagrams_of(env, info);
  if (!all || all->is_closed) return NULL;
  napi_delete_reference(env, all->taker);
  close_datagrams(all);
  return NULL;
}

// False where libuv is not what it was when this was written.
bool datagram_is_possible(void) {
  const char *type = uv_handle_type_name(UV_POLL_TYPE);
  return type && strcmp(type, "poll") == 0;
}
