import { parseAuthority } from '../../src/destination/index.ts';
import {
  type BlockingCommand,
  type Command,
  type ConnectionFacts,
  gatewaySession,
  type ImmediateCommand,
  type SessionEvent,
  type SessionPorts,
} from '../../src/enforcement/index.ts';
import type { CloseRecord, CompiledPolicy, DecisionRecord, VerdictRecord } from '../../src/policy/index.ts';
import { playPorts } from './play-session.ts';
import { addressOf } from './policy-fixture.ts';

/** What a played client or time does next: bytes, its end, that the armed time is over, or bytes of the upstream. */
export type GatewayStep = Uint8Array | 'end' | 'deadline' | { readonly upstream: Uint8Array };

/** A conversation of the gateway to play with no sockets. */
export interface GatewayPlay {
  readonly policy: CompiledPolicy;
  /** The authority that the client aimed at: `203.0.113.9:443`. */
  readonly aimed: string;
  readonly steps: readonly GatewayStep[];
  /** Default: 192.0.2.7. */
  readonly source?: string;
  /** What names resolve to; a name that is not there fails. Default: every name has 198.51.100.80. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** Takes the place of ports. Default: none. */
  readonly ports?: Partial<SessionPorts>;
  /** Takes the place of settings. Default: none. */
  readonly settings?: Partial<SessionPorts['settings']>;
  /** Default: not past it. */
  readonly isPastLimit?: boolean;
  /** Is told of each command before it is answered. Default: nobody is. */
  readonly before?: (command: Command) => void;
}

/** What came of it. `lines` are the commands in order, one line each, without those that only keep the time. */
export interface PlayedGateway {
  readonly lines: readonly string[];
  readonly armed: readonly (number | null)[];
  readonly verdicts: readonly VerdictRecord[];
  readonly closes: readonly CloseRecord[];
  readonly toClient: string;
  readonly toUpstream: string;
}

/** The instant of all plays. */
export const playedAtMs = 1_800_000_000_000;

const httpPorts: ReadonlySet<number> = new Set([80]);
const mostCommands = 500;
// Application data: after it no second ClientHello can come.
const serverBytes = Buffer.from('1703030001ff', 'hex');

/** Plays a conversation: every dial succeeds; what reads both sides gets bytes of the server, and after its last step the client is gone. */
export function playGateway(play: GatewayPlay): PlayedGateway {
  const records: DecisionRecord[] = [];
  const lines: string[] = [];
  const armed: (number | null)[] = [];
  const sent = { client: '', upstream: '' };
  const steps = [...play.steps];
  const ports = { ...playPorts({ policy: play.policy, nowMs: playedAtMs }), ...play.ports };
  const settings = { ...ports.settings, point: 'gateway' as const, ...play.settings };
  const note = (command: Command): void => {
    play.before?.(command);
    if (command.type === 'arm') armed.push(command.afterMs);
    else lines.push(lineOf(command));
  };
  const tell = (command: ImmediateCommand): void => {
    note(command);
    if (command.type === 'record') records.push(command.record);
    if (command.type === 'send') sent[command.side] += Buffer.from(command.bytes).toString('latin1');
    if (command.type === 'unread')
      steps.unshift(command.side === 'client' ? command.bytes : { upstream: command.bytes });
  };
  const conversation = gatewaySession(
    { ...ports, settings },
    { ...factsOf(play), tell, ask: () => null },
    { httpPorts },
  );
  let step = conversation.next();
  for (let count = 0; step.done !== true && count < mostCommands; count++) {
    const command = step.value;
    note(command);
    step = conversation.next(answer(command, steps, play));
  }
  return {
    lines,
    armed,
    verdicts: records.filter((record) => record.kind === 'verdict'),
    closes: records.filter((record) => record.kind === 'close'),
    toClient: sent.client,
    toUpstream: sent.upstream,
  };
}

function factsOf({
  aimed,
  source = '192.0.2.7',
  isPastLimit = false,
}: GatewayPlay): Omit<ConnectionFacts, 'tell' | 'ask'> {
  const parsed = parseAuthority(aimed, null);
  if (!parsed.ok || parsed.value.host.kind !== 'address') throw new Error(`${aimed} is not where a socket can be`);
  const text = source.includes(':') ? `[${source}]` : source;
  return {
    sourceAddress: source,
    source: `${text}:50000`,
    isLoopback: false,
    localAuthority: aimed,
    aimed: { address: parsed.value.host.address, port: parsed.value.port },
    isPastLimit,
    bytesUp: 0,
    bytesDown: 0,
    flow: null,
  };
}

function lineOf(command: Command): string {
  switch (command.type) {
    case 'read':
      return `read ${command.from}`;
    case 'resolve':
      return `resolve ${command.name}`;
    case 'dial':
      return `dial ${command.addresses.map(({ address, port }) => `${address.text} ${port}`).join(', ')}`;
    case 'send':
    case 'unread':
      return `${command.type} ${command.side}`;
    case 'record':
      return `record ${recordText(command.record)}`;
    default:
      return command.type;
  }
}

function recordText(record: DecisionRecord): string {
  if (record.kind === 'close') return `close ${record.failure ?? record.endedBy}`;
  return record.kind === 'verdict' ? `${record.verdict} ${record.reason}` : record.kind;
}

function answer(command: BlockingCommand, steps: GatewayStep[], { names }: GatewayPlay): SessionEvent {
  switch (command.type) {
    case 'read':
      return readAnswer(command.from, steps);
    case 'resolve': {
      const found = names === undefined ? ['198.51.100.80'] : names[command.name];
      if (found === undefined) {
        return { type: 'resolved', result: { ok: false, fault: { code: 'no_such_name', message: 'no such name' } } };
      }
      return { type: 'resolved', result: { ok: true, value: { addresses: found.map(addressOf), ttlSeconds: 60 } } };
    }
    case 'dial':
      return { type: 'dialled', address: command.addresses[0] ?? null };
    case 'relay':
      return { type: 'over', by: 'client' };
    default:
      return { type: 'done' };
  }
}

function readAnswer(from: 'client' | 'upstream' | 'either', steps: GatewayStep[]): SessionEvent {
  const next = steps[0];
  if (next === undefined) {
    if (from !== 'client') return { type: 'bytes', side: 'upstream', bytes: serverBytes };
    return { type: 'over', by: 'client' };
  }
  const isUpstream = typeof next === 'object' && 'upstream' in next;
  if (from === 'client' && isUpstream) throw new Error('the upstream speaks and nobody listens');
  if (from === 'upstream' && !isUpstream) throw new Error('the client speaks and nobody listens');
  steps.shift();
  if (next === 'deadline') return { type: 'deadline' };
  if (next === 'end') return { type: 'end', side: 'client' };
  return isUpstream
    ? { type: 'bytes', side: 'upstream', bytes: next.upstream }
    : { type: 'bytes', side: 'client', bytes: next };
}
