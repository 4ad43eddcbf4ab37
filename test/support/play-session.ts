import { fault } from '../../src/base/index.ts';
import { parseIpAddress } from '../../src/destination/index.ts';
import {
  type Command,
  defaultLimits,
  noBudgets,
  proxySession,
  type SessionEvent,
  type SessionPorts,
  silentObserver,
} from '../../src/enforcement/index.ts';
import { identify } from '../../src/identity/index.ts';
import {
  approveAddresses,
  type CompiledPolicy,
  type DecisionFacts,
  type DecisionRecord,
  decide,
  noFacts,
  type VerdictRecord,
} from '../../src/policy/index.ts';

/** A proxy conversation to play with no sockets: the client's bytes, one part for each read. */
export interface SessionPlay {
  readonly policy: CompiledPolicy;
  readonly nowMs: number;
  readonly parts: readonly Uint8Array[];
  /** Takes the place of a question of the judge; an error that it throws is expected then. Default: none. */
  readonly judge?: Partial<SessionPorts['judge']>;
  /** What the moment adds. Default: nothing. */
  readonly facts?: DecisionFacts;
}

/** What came of it. `sent` is what the client got, latin1. */
export interface PlayedSession {
  readonly records: readonly DecisionRecord[];
  readonly commands: readonly Command['type'][];
  readonly sent: string;
}

// A conversation that goes on for longer is a loop of ours.
const mostCommands = 500;

/**
 * Plays a conversation: every name resolves to 192.0.2.80, every dial succeeds, every credential verifies under its user name, and after
 * its last part the client is gone.
 */
export function playSession(play: SessionPlay): PlayedSession {
  const records: DecisionRecord[] = [];
  const commands: Command['type'][] = [];
  const sent: Uint8Array[] = [];
  const parts = [...play.parts];
  const facts = { ...client, flow: null };
  const conversation = proxySession(portsOf(play), facts);
  let step = conversation.next();
  while (step.done !== true && commands.length < mostCommands) {
    const command = step.value;
    commands.push(command.type);
    if (command.type === 'record') records.push(command.record);
    if (command.type === 'send' && command.side === 'client') sent.push(command.bytes);
    if (command.type === 'unread' && command.side === 'client') parts.unshift(command.bytes);
    step = conversation.next(answer(command, parts));
  }
  return { records, commands, sent: Buffer.concat(sent).toString('latin1') };
}

/** The first verdict of a played session. */
export function firstVerdict(played: PlayedSession): VerdictRecord | undefined {
  return played.records.find((record) => record.kind === 'verdict');
}

const client = {
  sourceAddress: '127.0.0.1',
  source: '127.0.0.1:50000',
  isLoopback: true,
  localAuthority: '127.0.0.1:3128',
  isPastLimit: false,
  bytesUp: 0,
  bytesDown: 0,
} as const;

function answer(command: Command, parts: Uint8Array[]): SessionEvent {
  switch (command.type) {
    case 'read': {
      const bytes = parts.shift();
      return bytes === undefined ? { type: 'over', by: 'client' } : { type: 'bytes', side: 'client', bytes };
    }
    case 'verify': {
      if (command.proof.kind !== 'basic') return { type: 'verified', outcome: { kind: 'failed', why: 'unknown' } };
      const evidence = {
        kind: 'credential',
        name: command.proof.username,
        expiresAt: Number.MAX_SAFE_INTEGER,
      } as const;
      return { type: 'verified', outcome: { kind: 'verified', evidence } };
    }
    case 'resolve': {
      const address = parseIpAddress('192.0.2.80');
      if (!address.ok) return { type: 'resolved', result: address };
      return { type: 'resolved', result: { ok: true, value: { addresses: [address.value], ttlSeconds: 60 } } };
    }
    case 'dial':
      return { type: 'dialled', address: command.addresses[0] ?? null };
    case 'relay':
    case 'start_tls':
    case 'dial_parent':
      return { type: 'over', by: 'client' };
    default:
      return { type: 'done' };
  }
}

function portsOf({ policy, nowMs, judge, facts }: SessionPlay): SessionPorts {
  let ids = 0;
  return {
    clock: { now: () => nowMs },
    newId: () => {
      ids += 1;
      return `01PLAY${String(ids).padStart(20, '0')}`;
    },
    policy: {
      current: () => policy,
      facts: () => facts ?? noFacts,
      network: () => ({ ownAddresses: [], localOrigins: [] }),
    },
    judge: { identify, decide, approve: approveAddresses, ...judge },
    verifier: {
      generation: 0,
      verify: () => ({ kind: 'unavailable' }),
      stillHolds: () => true,
    },
    resolver: { holds: () => false },
    records: { isKeeping: true },
    budgets: noBudgets,
    denials: { note: (record) => ({ record, id: record.id }) },
    registry: { arrive: () => true, settle: () => undefined, enter: () => true, leave: () => undefined },
    observer: {
      ...silentObserver,
      failed: (where, error) => {
        if (judge === undefined) throw new Error(`${where} failed: ${fault('failed', String(error)).message}`);
      },
    },
    settings: {
      limits: defaultLimits,
      allowCleartextProof: false,
      onFull: 'auto',
      requestBase: null,
      viaName: 'played',
      parent: null,
      pac: null,
    },
  };
}
