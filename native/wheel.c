// One timer wheel a thread: an entry comes due never early and at most a tick late. Setting and clearing one costs a few words.
#include "io.h"

static int64_t link_due_at(const struct io *io, const struct link *link) {
  int64_t due = link->active + io->idle_ms;
  if (link->started + io->total_ms < due) due = link->started + io->total_ms;
  if (!link->is_kept_alive && link->started + KEEPALIVE_AT_MS < due) due = link->started + KEEPALIVE_AT_MS;
  if (link->deadline && link->deadline < due) due = link->deadline;
  if (link->alarm && link->alarm < due) due = link->alarm;
  return due;
}

void wheel_clear(struct io *io, uint32_t slot) {
  struct link *link = &io->links[slot];
  if (link->wheel_slot == WHEEL_SLOTS) return;
  uint32_t *head = &io->wheel[link->wheel_slot];
  if (link->before) io->links[link->before - 1].after = link->after;
  else *head = link->after;
  if (link->after) io->links[link->after - 1].before = link->before;
  if (!*head) io->wheel_bits[link->wheel_slot / 64] &= ~(1ull << link->wheel_slot % 64);
  link->wheel_slot = WHEEL_SLOTS;
}

// An entry that is further away than a turn waits in the last slot and is looked at from there.
void wheel_set(struct io *io, uint32_t slot) {
  struct link *link = &io->links[slot];
  int64_t tick = (link_due_at(io, link) + TICK_MS - 1) / TICK_MS;
  if (tick <= io->tick) tick = io->tick + 1;
  if (tick > io->tick + WHEEL_SLOTS - 1) tick = io->tick + WHEEL_SLOTS - 1;
  uint32_t at = (uint32_t)(tick % WHEEL_SLOTS);
  if (link->wheel_slot == at) return;
  wheel_clear(io, slot);
  link->wheel_slot = at;
  link->before = 0;
  link->after = io->wheel[at];
  if (link->after) io->links[link->after - 1].before = slot + 1;
  io->wheel[at] = slot + 1;
  io->wheel_bits[at / 64] |= 1ull << at % 64;
}

static void wheel_visit(struct io *io, uint32_t at) {
  // What is set while this slot is visited goes to a later tick: the list that is walked here only shrinks.
  while (io->wheel[at]) {
    uint32_t slot = io->wheel[at] - 1;
    wheel_clear(io, slot);
    if (link_due_at(io, &io->links[slot]) <= io->now) link_due(io, slot);
    else wheel_set(io, slot);
  }
}

void wheel_turn(struct io *io) {
  int64_t last = io->now / TICK_MS;
  // After a long stall each slot is visited once, not once for every tick that was missed.
  if (last - io->tick > WHEEL_SLOTS) io->tick = last - WHEEL_SLOTS;
  while (io->tick < last) {
    io->tick++;
    wheel_visit(io, (uint32_t)(io->tick % WHEEL_SLOTS));
  }
}

// Until the next slot that holds something; NONE when all are empty.
int wheel_wait_ms(const struct io *io) {
  for (int64_t tick = io->tick + 1; tick <= io->tick + WHEEL_SLOTS; tick++) {
    uint32_t at = (uint32_t)(tick % WHEEL_SLOTS);
    uint64_t bits = io->wheel_bits[at / 64] >> at % 64;
    if (!bits) {
      tick += 63 - at % 64;
      continue;
    }
    tick += __builtin_ctzll(bits);
    int64_t wait = tick * TICK_MS - io->now;
    return wait < 0 ? 0 : (int)wait;
  }
  return NONE;
}
