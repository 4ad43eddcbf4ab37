import type { ClientContext } from './client-context.ts';
import type { BlockingCommand, ImmediateCommand, Side } from './command.ts';
import type { EndedBy, SessionEvent } from './event.ts';

/**
 * A conversation: yields the commands that it waits for, is resumed with events, returns when nothing is left to do. What needs no answer it
 * tells its driver on the way ({@link tell}): to wait for nothing, through every step around it, cost more than what was done. So it waits only for what its driver does not know yet.
 */
export type Conversation = Generator<BlockingCommand, void, SessionEvent>;

/** A part of a conversation that comes to a `T`. */
export type Step<T> = Generator<BlockingCommand, T, SessionEvent>;

/** How a wait ended without what was waited for. */
export type Broken = { readonly type: 'over'; readonly by: EndedBy } | { readonly type: 'deadline' };

/** How a read ended without bytes: the side is done, or the wait broke. */
export type Ended = Extract<SessionEvent, { readonly type: 'end' }> | Broken;

/** Has the driver do something at once, in the order in which it is told. It never throws. */
export function tell(client: ClientContext, command: ImmediateCommand): void {
  client.facts.tell(command);
}

/** Sends bytes to a side; the driver queues them. */
export function send(client: ClientContext, side: Side, bytes: Uint8Array): void {
  tell(client, { type: 'send', side, bytes });
}

/** Sets the one deadline (milliseconds from now), or takes it away with null. */
export function arm(client: ClientContext, afterMs: number | null): void {
  tell(client, { type: 'arm', afterMs });
}

/** Asks, and waits for the one event that answers; anything else but an end is a driver's mistake and counts as an end. */
export function* ask<T extends SessionEvent['type']>(
  client: ClientContext,
  command: BlockingCommand,
  type: T,
): Step<Extract<SessionEvent, { type: T }> | Broken> {
  const event = client.facts.ask(command) ?? (yield command);
  if (event.type === type) return event as Extract<SessionEvent, { type: T }>;
  return broken(event);
}

/** Reads the next bytes of the client: bytes, its end, or how the wait broke. */
export function readClient(client: ClientContext): Step<Extract<SessionEvent, { type: 'bytes' | 'end' }> | Broken> {
  return read(client, 'client');
}

/** Reads from one side, or from whichever speaks first. */
export function* read(
  client: ClientContext,
  from: Side | 'either',
): Step<Extract<SessionEvent, { type: 'bytes' | 'end' }> | Broken> {
  const command = { type: 'read', from } as const;
  const event = client.facts.ask(command) ?? (yield command);
  return readEvent(event);
}

/** What a read was answered with. */
export function readEvent(event: SessionEvent): Extract<SessionEvent, { type: 'bytes' | 'end' }> | Broken {
  return event.type === 'bytes' || event.type === 'end' ? event : broken(event);
}

/** Joins two runs of bytes; gives back the other one when one of them is empty. */
export function joinBytes(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

/** No bytes at all. */
export const noBytes: Uint8Array = new Uint8Array(0);

function broken(event: SessionEvent): Broken {
  return event.type === 'over' || event.type === 'deadline' ? event : { type: 'over', by: 'decision_failed' };
}
