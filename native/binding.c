// What JavaScript calls: opening and ending a thread, waking it, and what can be done to a listening socket before a thread has it.
// Everything else goes through the rings.
#include "io.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

#ifdef EXEAT_FAULTS
struct fault_plan faults[FAULT_CALLS];

bool fault_due(enum fault_call call) {
  struct fault_plan *plan = &faults[call];
  if (atomic_load(&plan->times) <= 0) return false;
  if (atomic_fetch_sub(&plan->after, 1) > 0) return false;
  atomic_fetch_sub(&plan->times, 1);
  errno = atomic_load(&plan->code);
  return true;
}
#endif

napi_value fail(napi_env env, const char *what) {
  napi_throw_error(env, NULL, what);
  return NULL;
}

bool arguments(napi_env env, napi_callback_info info, size_t least, napi_value *values) {
  size_t count = MAX_ARGUMENTS;
  return napi_get_cb_info(env, info, &count, values, NULL, NULL) == napi_ok && count >= least;
}

napi_value number(napi_env env, double value) {
  napi_value result = NULL;
  napi_create_double(env, value, &result);
  return result;
}

bool read_number(napi_env env, napi_value value, int64_t *into) {
  return napi_get_value_int64(env, value, into) == napi_ok;
}

// Of the mapping, the thread and the object of JavaScript: whoever is last frees.
static void let_go(struct io *io) {
  if (--io->owners > 0) return;
  munmap(io->memory, io->memory_bytes);
  free(io);
}

static void on_memory_unused(napi_env env, void *data, void *hint) {
  (void)env, (void)data;
  let_go(hint);
}

static void end_thread(struct io *io) {
  if (!io->is_running) return;
  atomic_store(&io->shared[SLEEPS], 0);
  io->is_running = false;
  atomic_store(&io->is_ending, true);
  io_wake(io);
  pthread_join(io->thread, NULL);
  // By us and not by the thread: it could be closed, and its number used again, before it was written to.
  close(io->wake);
}

static void on_environment_ends(void *data) {
  struct io *io = data;
  end_thread(io);
  let_go(io);
}

static void on_object_unused(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  let_go(data);
}

static napi_value share_memory(napi_env env, struct io *io) {
  napi_value memory = NULL;
  if (napi_create_external_arraybuffer(env, io->memory, io->memory_bytes, on_memory_unused, io, &memory) != napi_ok) return NULL;
  io->owners++;
  return memory;
}

static bool start_thread(napi_env env, struct io *io, napi_value callback) {
  napi_value name;
  if (napi_create_string_utf8(env, "exeat-io", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  // Of this thread, and of the one that it starts: where others compute, waking does not push them out at once. The two wake each other for
  // every step of a connection; so each finds several steps when it has its turn. Not being allowed to costs no more than that.
  struct sched_param normal = {.sched_priority = 0};
  sched_setscheduler(0, SCHED_BATCH, &normal);
  if (napi_create_threadsafe_function(env, callback, NULL, name, 0, 1, NULL, NULL, NULL, NULL, &io->callback) != napi_ok) return false;
  if (pthread_create(&io->thread, NULL, io_run, io) != 0) return false;
  io->is_running = true;
  // Registered last, so that it is called before Node ends what wakes JavaScript.
  napi_add_env_cleanup_hook(env, on_environment_ends, io);
  io->owners++;
  return true;
}

// open(capacity, idleMs, totalMs, onEvents) -> { handle, memory }
static napi_value open_thread(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS], result, handle, memory;
  int64_t capacity, idle_ms, total_ms;
  if (!arguments(env, info, 4, given) || !read_number(env, given[0], &capacity) || !read_number(env, given[1], &idle_ms) ||
      !read_number(env, given[2], &total_ms) || capacity < 1 || capacity > 0xffffff)
    return fail(env, "open needs a capacity, two times and a function");
  struct io *io = calloc(1, sizeof *io);
  if (!io || !io_open(io, (uint32_t)capacity)) return fail(env, "out of memory or descriptors");
  io->idle_ms = idle_ms;
  io->total_ms = total_ms;
  io->owners = 1;
  memory = share_memory(env, io);
  if (!memory || napi_create_external(env, io, on_object_unused, NULL, &handle) != napi_ok) return fail(env, "memory cannot be shared");
  if (!start_thread(env, io, given[3])) {
    io_close(io);
    close(io->wake);
    return fail(env, "no thread can be started");
  }
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "handle", handle);
  napi_set_named_property(env, result, "memory", memory);
  return result;
}

static struct io *handle_of(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS];
  void *data = NULL;
  if (!arguments(env, info, 1, given) || napi_get_value_external(env, given[0], &data) != napi_ok) fail(env, "a handle is needed");
  return data;
}

static napi_value wake_thread(napi_env env, napi_callback_info info) {
  struct io *io = handle_of(env, info);
  if (io && io->is_running) io_wake(io);
  return NULL;
}

// Ends the thread, and with it every connection, and waits for it.
static napi_value close_thread(napi_env env, napi_callback_info info) {
  struct io *io = handle_of(env, info);
  if (!io || !io->is_running) return NULL;
  end_thread(io);
  napi_remove_env_cleanup_hook(env, on_environment_ends, io);
  napi_release_threadsafe_function(io->callback, napi_tsfn_abort);
  let_go(io);
  return NULL;
}

static int listen_on(int fd) {
  int on = 1;
  // Accepted sockets have it from here, without a system call each.
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) return -errno;
  return listen(fd, BACKLOG) < 0 ? -errno : 0;
}

// bind(address, port, isDatagram, isShared) -> descriptor, or minus the fault. `address` is text of IPv4 or IPv6 without a zone. One for
// connections listens; one for datagrams takes no IPv4 by IPv6. `isShared`: SO_REUSEPORT.
static napi_value bind_socket(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS];
  char text[INET6_ADDRSTRLEN];
  size_t length;
  int64_t port;
  bool is_datagram = false, is_shared = false;
  if (!arguments(env, info, 2, given) || napi_get_value_string_utf8(env, given[0], text, sizeof text, &length) != napi_ok ||
      !read_number(env, given[1], &port))
    return fail(env, "bind needs an address and a port");
  napi_get_value_bool(env, given[2], &is_datagram);
  napi_get_value_bool(env, given[3], &is_shared);
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
  bool is_four = inet_pton(AF_INET, text, &four.sin_addr) == 1;
  if (!is_four && inet_pton(AF_INET6, text, &six.sin6_addr) != 1) return number(env, -EINVAL);
  int fd = socket(is_four ? AF_INET : AF_INET6, (is_datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0), on = 1, only = is_datagram;
  if (fd < 0) return number(env, -errno);
  // Of datagrams it would let another socket take the port.
  if (!is_datagram) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (is_shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (!is_four) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  const struct sockaddr *address = is_four ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;
  int code = bind(fd, address, is_four ? sizeof four : sizeof six) < 0 ? -errno : is_datagram ? 0 : listen_on(fd);
  if (code < 0) close(fd);
  return number(env, code < 0 ? code : fd);
}

static napi_value listen_given(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS];
  int64_t fd;
  if (!arguments(env, info, 1, given) || !read_number(env, given[0], &fd)) return fail(env, "a descriptor is needed");
  return number(env, listen_on((int)fd));
}

// boundAt(fd) -> `127.0.0.1 3128`, or an empty text.
static napi_value bound_at(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS], result = NULL;
  int64_t fd;
  struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
  socklen_t length = sizeof address;
  char text[INET6_ADDRSTRLEN + 8] = "";
  if (!arguments(env, info, 1, given) || !read_number(env, given[0], &fd)) return fail(env, "a descriptor is needed");
  getsockname((int)fd, (struct sockaddr *)&address, &length);
  const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
  const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address;
  if (address.ss_family == AF_INET) inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
  if (address.ss_family == AF_INET6) inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
  uint16_t port = ntohs(address.ss_family == AF_INET ? four->sin_port : six->sin6_port);
  napi_value array;
  napi_create_array_with_length(env, 2, &array);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  napi_set_element(env, array, 0, result);
  napi_set_element(env, array, 1, number(env, port));
  return array;
}

static napi_value duplicate(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS];
  int64_t fd;
  if (!arguments(env, info, 1, given) || !read_number(env, given[0], &fd)) return fail(env, "a descriptor is needed");
  int copy = fcntl((int)fd, F_DUPFD_CLOEXEC, 3);
  return number(env, copy < 0 ? -errno : copy);
}

#ifdef EXEAT_FAULTS
// failNext(call, errno, after, times): that system call of the threads fails so often, once it was made `after` times.
static napi_value fail_next(napi_env env, napi_callback_info info) {
  napi_value given[MAX_ARGUMENTS];
  int64_t values[MAX_ARGUMENTS];
  if (!arguments(env, info, 4, given)) return fail(env, "a call, a fault and two numbers are needed");
  for (int i = 0; i < MAX_ARGUMENTS; i++)
    if (!read_number(env, given[i], &values[i])) return fail(env, "a call, a fault and two numbers are needed");
  if (values[0] < 0 || values[0] >= FAULT_CALLS) return fail(env, "there is no such call");
  struct fault_plan *plan = &faults[values[0]];
  atomic_store(&plan->times, 0);
  atomic_store(&plan->code, (int)values[1]);
  atomic_store(&plan->after, (int)values[2]);
  atomic_store(&plan->times, (int)values[3]);
  return NULL;
}
#endif

static void add_function(napi_env env, napi_value exports, const char *name, napi_callback function) {
  napi_value value;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value) == napi_ok)
    napi_set_named_property(env, exports, name, value);
}

#ifndef EXEAT_SOURCES
#define EXEAT_SOURCES ""
#endif

NAPI_MODULE_INIT() {
  napi_value sources;
  if (napi_create_string_utf8(env, EXEAT_SOURCES, NAPI_AUTO_LENGTH, &sources) == napi_ok)
    napi_set_named_property(env, exports, "sources", sources);
  napi_set_named_property(env, exports, "abi", number(env, ABI_VERSION));
  add_function(env, exports, "open", open_thread);
  add_function(env, exports, "wake", wake_thread);
  add_function(env, exports, "close", close_thread);
  add_function(env, exports, "bind", bind_socket);
  add_function(env, exports, "listen", listen_given);
  add_function(env, exports, "boundAt", bound_at);
  add_function(env, exports, "duplicate", duplicate);
  if (datagram_is_possible()) {
    add_function(env, exports, "openDatagrams", datagram_open);
    add_function(env, exports, "sendLater", datagram_later);
    add_function(env, exports, "datagramCounts", datagram_counts);
    add_function(env, exports, "closeDatagrams", datagram_close);
  }
#ifdef EXEAT_FAULTS
  add_function(env, exports, "failNext", fail_next);
#endif
  return exports;
}
