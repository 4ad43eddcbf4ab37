import { createAddressBook } from './address-book.ts';
import { dayMs, firstDayMs, timesOf } from './calendar.ts';
import { type EstateService, type Habit, services } from './estate.ts';
import { createRandom, type Random } from './random.ts';

/** One connection of the story. */
export interface Connection {
  readonly service: string;
  readonly client: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly address: string;
  readonly upBytes: number;
  readonly downBytes: number;
  readonly isDirect: boolean;
  /** `failed`: the destination did not answer, and the client asks again; `refused`: by the proxy. */
  readonly outcome: 'done' | 'failed' | 'refused';
  /** What a planted flow stands for; null for those that are wanted. */
  readonly planted: string | null;
}

/** A habit, planted or not. */
export type AnyHabit = Habit & { readonly planted?: string; readonly isRefused?: true };

/** One in so many connections through the proxy fails at first. */
const failedShare = 0.012;

/** Plays all habits; the connections come in the order of their start. */
export function makeConnections(habits: readonly AnyHabit[], seed: number): readonly Connection[] {
  const book = createAddressBook();
  return habits
    .flatMap((habit, at) => playHabit(habit, createRandom(seed, `${habit.service} ${habit.to} ${at}`)))
    .sort((a, b) => a.startMs - b.startMs)
    .map((connection) => ({
      ...connection,
      address: book.answer(connection.host, connection.isDirect, connection.startMs)[0],
    }));
}

function playHabit(habit: AnyHabit, random: Random): readonly Connection[] {
  const service = serviceOf(habit.service);
  // Every client polls for itself; what a curve or a job does is spread over them.
  const loops = habit.rhythm.kind === 'poll' && habit.isSingle !== true ? clientsAt(service, firstDayMs).length : 1;
  return Array.from({ length: loops }, (_, loop) => loop).flatMap((loop) =>
    timesOf(habit.rhythm, random).flatMap((startMs) => {
      const clients = clientsAt(service, startMs);
      const own = clients[loop] ?? service.name;
      const client = habit.rhythm.kind === 'poll' ? own : random.pick(clients);
      return connect({ habit, client, startMs: Math.round(startMs) }, random);
    }),
  );
}

interface Attempt {
  readonly habit: AnyHabit;
  readonly client: string;
  readonly startMs: number;
}

function connect({ habit, client, startMs }: Attempt, random: Random): readonly Connection[] {
  const [, scheme = '', host = '', port = ''] = /^(\w+):\/\/(.+):(\d+)$/.exec(habit.to) ?? [];
  const connection: Connection = {
    service: habit.service,
    client,
    startMs,
    durationMs: Math.round(random.between(40, 9000)),
    scheme,
    host: numbered(host, habit, { startMs, random }),
    port: Number(port),
    address: '',
    upBytes: Math.round(random.between(...habit.upKib) * 1024),
    downBytes: Math.round(random.between(...habit.downKib) * 1024),
    isDirect: habit.isDirect === true,
    outcome: habit.isRefused === true ? 'refused' : 'done',
    planted: habit.planted ?? null,
  };
  const isFailing = !connection.isDirect && habit.planted === undefined && random.next() < failedShare;
  if (!isFailing) return [connection];
  const failed: Connection = { ...connection, upBytes: 0, downBytes: 0, outcome: 'failed' };
  return [failed, { ...connection, startMs: startMs + connection.durationMs + 1500 }];
}

// The numbers of a day follow those of the day before; a planted name is a word that carries data.
function numbered(host: string, habit: AnyHabit, at: { readonly startMs: number; readonly random: Random }): string {
  const { numbers } = habit;
  if (numbers === undefined) return host;
  const day = Math.floor((at.startMs - firstDayMs) / dayMs);
  const number = (day * 3 + at.random.whole(0, numbers.perDay - 1)) % numbers.of;
  return host.replace('#', habit.planted === undefined ? String(number + 1).padStart(2, '0') : dataWord(number));
}

function dataWord(number: number): string {
  const random = createRandom(number, 'data');
  return Array.from({ length: 24 }, () => random.pick([...'abcdefghijklmnopqrstuvwxyz234567'])).join('');
}

/** A service of the story by its name. */
export function serviceOf(name: string): EstateService {
  const service = services.find((one) => one.name === name);
  if (service === undefined) throw new TypeError(`no service \`${name}\``);
  return service;
}

function clientsAt(service: EstateService, atMs: number): readonly string[] {
  const place = service.places.find(
    ({ fromMs, untilMs }) => (fromMs === null || fromMs <= atMs) && (untilMs === null || atMs < untilMs),
  );
  return place?.clients ?? [];
}
