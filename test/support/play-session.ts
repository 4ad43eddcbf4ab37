import assert from 'node:assert/strict';
import { fault } from '../../src/base/index.ts';
import { type IpAddress, parseIpAddress } from '../../src/destination/index.ts';
import {
  type BlockingCommand,
  type Command,
  type ConnectionFacts,
  defaultLimits,
  type EndedBy,
  type ImmediateCommand,
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
  const tell = (command: ImmediateCommand): void => {
    commands.push(command.type);
    if (command.type === 'record') records.push(command.record);
    if (command.type === 'send' && command.side === 'client') sent.push(command.bytes);
    if (command.type === 'unread' && command.side === 'client') parts.unshift(command.bytes);
  };
  const conversation = proxySession(playPorts(play), { ...client, flow: null, tell, ask: askLater });
  let step = conversation.next();
  while (step.done !== true && commands.length < mostCommands) {
    const command = step.value;
    commands.push(command.type);
    step = conversation.next(answer(command, parts));
  }
  return { records, commands, sent: Buffer.concat(sent).toString('latin1') };
}

/** A conversation that stands at its relay, to be judged again and cut as a driver does it. */
export interface StandingSession {
  readonly facts: ConnectionFacts;
  /** Ends it; gives its last records. */
  end(by: EndedBy): readonly DecisionRecord[];
}

// An alert: after it no second ClientHello can come.
const serverFirst = Buffer.from('15030300020228', 'hex');

/** Plays a conversation up to its relay and lets it stand there. Throws where it ends before. */
export function standSession(ports: SessionPorts, sent: readonly Uint8Array[]): StandingSession {
  const parts = [...sent];
  const records: DecisionRecord[] = [];
  const tell = (command: ImmediateCommand): void => {
    if (command.type === 'unread' && command.side === 'client') parts.unshift(command.bytes);
    if (command.type === 'record') records.push(command.record);
  };
  const facts: ConnectionFacts = { ...client, flow: null, tell, ask: askLater };
  const conversation = proxySession(ports, facts);
  let step = conversation.next();
  while (step.done !== true && step.value.type !== 'relay') {
    const command: BlockingCommand = step.value;
    const isServers = command.type === 'read' && command.from === 'either' && parts.length === 0;
    step = conversation.next(
      isServers ? { type: 'bytes', side: 'upstream', bytes: serverFirst } : answer(command, parts),
    );
  }
  if (step.done === true) throw new Error('a session ended before its relay');
  return {
    facts,
    end: (by) => {
      records.length = 0;
      assert.equal(conversation.next({ type: 'over', by }).done, true);
      return records;
    },
  };
}

/** The first verdict of a played session. */
export function firstVerdict(played: PlayedSession): VerdictRecord | undefined {
  return played.records.find((record) => record.kind === 'verdict');
}

// A played conversation waits for every answer.
const askLater = (): null => null;

const publicAddress = addressOf('192.0.2.80');

function addressOf(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (!address.ok) throw new Error(address.fault.message);
  return address.value;
}

const client = {
  sourceAddress: '127.0.0.1',
  source: '127.0.0.1:50000',
  isLoopback: true,
  localAuthority: '127.0.0.1:3128',
  aimed: null,
  isPastLimit: false,
  bytesUp: 0,
  bytesDown: 0,
} as const;

function answer(command: BlockingCommand, parts: Uint8Array[]): SessionEvent {
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
    case 'resolve':
      return { type: 'resolved', result: { ok: true, value: { addresses: [publicAddress], ttlSeconds: 60 } } };
    case 'dial':
      return { type: 'dialled', address: command.addresses[0] ?? null };
    case 'relay':
    case 'start_tls':
    case 'dial_parent':
      return { type: 'over', by: 'client' };
    default:
      return command satisfies never;
  }
}

/** The ports of played sessions. */
export function playPorts({ policy, nowMs, judge, facts }: Omit<SessionPlay, 'parts'>): SessionPorts {
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
      point: 'proxy',
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
