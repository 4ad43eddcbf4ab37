// Load generator for proxies and gateways. Build: cc -O2 -o lg lg.c
//
//   lg origin PORT                                    serves GET /N with N bytes, then closes
//   lg rate  PROXYPORT HOST ORIGINPORT CONC SECONDS   CONNECT and one small exchange, again and again
//   lg bulk  PROXYPORT HOST ORIGINPORT CONC BYTES     CONNECT and a download of BYTES on each of CONC tunnels
//   lg idle  PROXYPORT HOST ORIGINPORT N SECONDS      opens N tunnels and holds them
//
// After CONNECT a real TLS ClientHello that names HOST goes first, then the small request (the origin ignores what comes before
// GET), so that a proxy that checks the name is measured while it does. Environment: PROXYAUTH="Basic ..." adds a proof,
// RAW=1 leaves the ClientHello out (opaque TCP), DIRECT=1 skips CONNECT and the ClientHello, DIRECT=tls CONNECT alone. ADDRESS is
// listened on or connected to in place of 127.0.0.1. The last line of output is one JSON object.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_BYTES = 512, BLOCK_BYTES = 1 << 18, EVENTS = 512, LATENCIES = 4000000 };
enum step { CONNECTING, PROXY_ANSWER, EXCHANGE, HOLDING };
enum outcome { GOING_ON, FINISHED, BROKEN };

struct flow {
  int fd;
  enum step step;
  int used;
  long left;
  double began;
  char head[HEAD_BYTES];
};

struct load {
  int epoll, direct, is_bulk, is_idle;
  struct sockaddr_in6 address;
  socklen_t address_bytes;
  char connect_text[1200], request[1400];
  int connect_bytes, hello_bytes, request_bytes;
  long concurrency, ready, done, broken, bytes;
  double *latency;
  long latencies;
};

static char block[BLOCK_BYTES];

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void watch(int epoll, struct flow *flow, int op, unsigned events) {
  struct epoll_event event = {.events = events, .data.ptr = flow};
  epoll_ctl(epoll, op, flow->fd, &event);
}

static int put16(unsigned char *at, int value) {
  at[0] = value >> 8;
  at[1] = value;
  return 2;
}

// A ClientHello (RFC 8446 4.1.2) in one record: two suites, server_name, groups, signature algorithms, versions.
static int client_hello(unsigned char *out, const char *host) {
  static const unsigned char rest[] = {0, 10, 0, 4, 0, 2, 0, 29, 0, 13, 0, 6, 0, 4, 4, 3, 8, 4, 0, 43, 0, 3, 2, 3, 4};
  static const unsigned char suites[] = {0, 4, 0x13, 1, 0xc0, 0x2f, 1, 0};
  unsigned char body[1024];
  int host_bytes = strlen(host), n = put16(body, 0x0303);
  for (int k = 0; k < 32; k++) body[n++] = k * 7 + 1;
  body[n++] = 0;
  memcpy(body + n, suites, sizeof suites);
  n += sizeof suites;
  int extensions = n;
  n += 2;
  n += put16(body + n, 0);
  n += put16(body + n, host_bytes + 5);
  n += put16(body + n, host_bytes + 3);
  body[n++] = 0;
  n += put16(body + n, host_bytes);
  memcpy(body + n, host, host_bytes);
  n += host_bytes;
  memcpy(body + n, rest, sizeof rest);
  n += sizeof rest;
  put16(body + extensions, n - extensions - 2);
  out[0] = 0x16;
  put16(out + 1, 0x0301);
  put16(out + 3, n + 4);
  out[5] = 1;
  out[6] = 0;
  put16(out + 7, n);
  memcpy(out + 9, body, n);
  return n + 9;
}

// Loopback, or the address of the environment, IPv4 or IPv6; of the type that holds both.
static struct sockaddr_in6 endpoint(int port, socklen_t *bytes) {
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  struct sockaddr_in *four = (void *)&six;
  const char *text = getenv("ADDRESS");
  *bytes = sizeof six;
  if (text && inet_pton(AF_INET6, text, &six.sin6_addr) == 1) return six;
  *bytes = sizeof *four;
  four->sin_family = AF_INET;
  if (!text || inet_pton(AF_INET, text, &four->sin_addr) != 1) four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return six;
}

// ---- origin -------------------------------------------------------------------------------------------------------------

static void accept_all(int epoll, int listener) {
  int one = 1, fd;
  while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct flow *flow = calloc(1, sizeof *flow);
    flow->fd = fd;
    watch(epoll, flow, EPOLL_CTL_ADD, EPOLLIN);
  }
}

// Reads until a GET with its end is there: 1 when it is, 0 to wait, -1 at the end.
static int read_request(struct flow *flow) {
  int got = read(flow->fd, flow->head + flow->used, HEAD_BYTES - 12 - flow->used);
  if (got <= 0) return got < 0 && errno == EAGAIN ? 0 : -1;
  flow->used += got;
  flow->head[flow->used] = 0;
  char *get = memmem(flow->head, flow->used, "GET /", 5);
  if (!get || !strstr(get, "\r\n\r\n")) return 0;
  flow->left = atol(get + 5);
  char head[128];
  int bytes = sprintf(head, "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\nConnection: close\r\n\r\n", flow->left);
  flow->step = EXCHANGE;
  return write(flow->fd, head, bytes) < 0 ? -1 : 1;
}

static int write_body(int epoll, struct flow *flow) {
  while (flow->left > 0) {
    long wrote = write(flow->fd, block, flow->left < BLOCK_BYTES ? flow->left : BLOCK_BYTES);
    if (wrote < 0 && errno == EAGAIN) {
      watch(epoll, flow, EPOLL_CTL_MOD, EPOLLOUT);
      return 0;
    }
    if (wrote < 0) return -1;
    flow->left -= wrote;
  }
  return -1;
}

static int serve(int port) {
  socklen_t bytes;
  struct sockaddr_in6 address = endpoint(port, &bytes);
  int one = 1, listener = socket(address.sin6_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&address, bytes) || listen(listener, 4096)) {
    perror("origin: bind");
    return 1;
  }
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = 0}, events[EVENTS];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  printf("{\"listening\":%d}\n", port);
  fflush(stdout);
  for (;;) {
    int count = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      struct flow *flow = events[i].data.ptr;
      if (!flow) {
        accept_all(epoll, listener);
        continue;
      }
      int state = flow->step == EXCHANGE ? 1 : read_request(flow);
      if (state == 1) state = write_body(epoll, flow);
      if (state < 0) {
        close(flow->fd);
        free(flow);
      }
    }
  }
}

// ---- load ---------------------------------------------------------------------------------------------------------------

static void start(struct load *load, struct flow *flow) {
  int one = 1;
  flow->fd = socket(load->address.sin6_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(flow->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  connect(flow->fd, (void *)&load->address, load->address_bytes);
  flow->step = CONNECTING;
  flow->used = 0;
  flow->began = seconds();
  watch(load->epoll, flow, EPOLL_CTL_ADD, EPOLLOUT);
}

static enum outcome send_all(int fd, const char *text, int bytes) {
  return write(fd, text, bytes) == bytes ? GOING_ON : BROKEN;
}

static enum outcome on_connected(struct load *load, struct flow *flow) {
  watch(load->epoll, flow, EPOLL_CTL_MOD, EPOLLIN);
  flow->step = load->direct ? EXCHANGE : PROXY_ANSWER;
  if (load->direct) return send_all(flow->fd, load->request, load->request_bytes);
  return send_all(flow->fd, load->connect_text, load->connect_bytes);
}

static enum outcome on_proxy_answer(struct load *load, struct flow *flow, double origin) {
  int got = read(flow->fd, flow->head + flow->used, HEAD_BYTES - 12 - flow->used);
  if (got <= 0) return got < 0 && errno == EAGAIN ? GOING_ON : BROKEN;
  flow->used += got;
  flow->head[flow->used] = 0;
  if (!strstr(flow->head, "\r\n\r\n")) return GOING_ON;
  if (!strstr(flow->head, " 200")) return BROKEN;
  flow->step = load->is_idle ? HOLDING : EXCHANGE;
  if (!load->is_idle) return send_all(flow->fd, load->request, load->request_bytes);
  if (++load->ready == load->concurrency) {
    printf("{\"established\":%ld,\"seconds\":%.3f}\n", load->ready, seconds() - origin);
    fflush(stdout);
  }
  return load->hello_bytes ? send_all(flow->fd, load->request, load->hello_bytes) : GOING_ON;
}

static enum outcome on_exchange(struct load *load, struct flow *flow) {
  long got = read(flow->fd, block, BLOCK_BYTES);
  if (got > 0) load->bytes += got;
  if (got > 0 || (got < 0 && errno == EAGAIN)) return GOING_ON;
  return got == 0 ? FINISHED : BROKEN;
}

static enum outcome on_event(struct load *load, struct flow *flow, double origin) {
  char byte;
  switch (flow->step) {
    case CONNECTING: return on_connected(load, flow);
    case PROXY_ANSWER: return on_proxy_answer(load, flow, origin);
    case EXCHANGE: return on_exchange(load, flow);
    default: return read(flow->fd, &byte, 1) == 0 ? BROKEN : GOING_ON;
  }
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double percentile_ms(struct load *load, double share) {
  return load->latencies ? load->latency[(long)(load->latencies * share)] * 1e3 : 0;
}

static void prepare(struct load *load, const char *host, int origin_port) {
  const char *proof = getenv("PROXYAUTH"), *direct = getenv("DIRECT");
  load->direct = direct != 0;
  load->connect_bytes =
      snprintf(load->connect_text, sizeof load->connect_text, "CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n%s%s%s\r\n", host, origin_port,
               host, origin_port, proof ? "Proxy-Authorization: " : "", proof ? proof : "", proof ? "\r\n" : "");
  if (!getenv("RAW") && (!direct || !strcmp(direct, "tls"))) load->hello_bytes = client_hello((unsigned char *)load->request, host);
}

static int run(int count, char **words) {
  struct load load = {.is_bulk = !strcmp(words[1], "bulk"), .is_idle = !strcmp(words[1], "idle")};
  if (count < 7) return 64;
  long amount = atol(words[6]);
  load.concurrency = atol(words[5]);
  load.address = endpoint(atoi(words[2]), &load.address_bytes);
  prepare(&load, words[3], atoi(words[4]));
  load.request_bytes = load.hello_bytes + sprintf(load.request + load.hello_bytes, "GET /%ld HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                                                  load.is_bulk ? amount : 100, words[3]);
  load.epoll = epoll_create1(0);
  load.latency = malloc(sizeof(double) * LATENCIES);
  struct flow *flows = calloc(load.concurrency, sizeof *flows);
  double origin = seconds(), end = origin + (load.is_bulk ? 120 : atof(words[6]));
  for (long i = 0; i < load.concurrency; i++) start(&load, &flows[i]);
  struct epoll_event events[EVENTS];
  long alive = load.concurrency;
  while (seconds() < end && alive > 0) {
    int ready = epoll_wait(load.epoll, events, EVENTS, 100);
    for (int i = 0; i < ready; i++) {
      struct flow *flow = events[i].data.ptr;
      enum outcome outcome = on_event(&load, flow, origin);
      if (outcome == GOING_ON) continue;
      close(flow->fd);
      if (outcome == BROKEN) load.broken++;
      else load.done++;
      if (outcome == FINISHED && load.latencies < LATENCIES) load.latency[load.latencies++] = seconds() - flow->began;
      if (load.is_bulk || load.is_idle) alive--;
      else if (seconds() < end) start(&load, flow);
    }
  }
  double wall = seconds() - origin;
  qsort(load.latency, load.latencies, sizeof(double), by_value);
  printf("{\"done\":%ld,\"broken\":%ld,\"established\":%ld,\"bytes\":%ld,\"seconds\":%.3f,\"p50Ms\":%.3f,\"p99Ms\":%.3f}\n", load.done,
         load.broken, load.ready, load.bytes, wall, percentile_ms(&load, 0.5), percentile_ms(&load, 0.99));
  return 0;
}

int main(int count, char **words) {
  signal(SIGPIPE, SIG_IGN);
  if (count >= 3 && !strcmp(words[1], "origin")) return serve(atoi(words[2]));
  if (count >= 7) return run(count, words);
  fprintf(stderr, "usage: lg origin PORT | lg rate|bulk|idle PROXYPORT HOST ORIGINPORT CONCURRENCY AMOUNT\n");
  return 64;
}
