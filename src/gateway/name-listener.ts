import { failed, fault, ok, type Result } from '../base/index.ts';
import {
  type ConnectionFacts,
  defaultLimits,
  gatewaySession,
  type SessionSettings,
  silentObserver,
} from '../enforcement/index.ts';
import type { ProofVerifier } from '../identity/index.ts';
import {
  createSessionListener,
  type ListenAddress,
  type ListenTarget,
  type SessionListener,
} from '../transport/index.ts';
import type { NameListenerOptions } from './name-listener-options.ts';

/** The name plane at work. */
export interface NameListener extends Omit<SessionListener, 'listen'> {
  /**
   * Starts listening on sockets that are bound already and take connections to any address (TPROXY): their descriptors, servers that were
   * handed over, or, where clients aim at us, addresses. On all or none: after a fault the listener is closed. Gives where, in order. Faults: those of
   * {@link SessionListener.listen}, `listen_nothing` for an empty list.
   */
  listen(on: readonly (number | ListenTarget)[]): Promise<Result<readonly ListenAddress[]>>;
}

/**
 * Creates the listener of the name plane: `workload -> anywhere:443 -> gateway -> the name that it speaks to`. Each connection is judged by
 * its server name or Host, and that name is what is dialled.
 */
export function createNameListener(options: NameListenerOptions): NameListener {
  const { clock, newId, policy, judge, budgets, records, resolver, httpPorts } = options;
  const observer = options.observer ?? silentObserver;
  const verifier = noProofs(options.generation ?? (() => 0));
  const doors = new Set<number>();
  const listener = createSessionListener({
    ports: { clock, newId, policy, judge, verifier, budgets, observer, settings: settingsOf(options) },
    records,
    resolver,
    verify: verifier.verify,
    tls: () => null,
    parent: null,
    converse: (ports, facts) => gatewaySession(ports, ofNobody(facts, doors), { httpPorts }),
    ...(options.driver === undefined ? {} : { driver: options.driver }),
  });
  return {
    listen: (on) => listenOnAll(listener, on, doors),
    addresses: listener.addresses,
    recheckAll: () => listener.recheckAll(),
    cutSources: (sources) => listener.cutSources(sources),
    counts: () => listener.counts(),
    liveByGrant: () => listener.liveByGrant(),
    close: (closing) => listener.close(closing),
  };
}

// Who does not know that there is a gateway proves nothing to it.
function noProofs(generation: () => number): ProofVerifier {
  return {
    get generation() {
      return generation();
    },
    verify: () => ({ kind: 'failed', why: 'unknown' }),
    stillHolds: () => true,
  };
}

// Whoever was brought to a transparent socket aimed elsewhere. Who comes to its own port was not brought: the ruleset is gone, and the source
// may be a lie.
function ofNobody(facts: ConnectionFacts, doors: ReadonlySet<number>): ConnectionFacts {
  return facts.aimed !== null && doors.has(facts.aimed.port) ? { ...facts, aimed: null } : facts;
}

async function listenOnAll(
  listener: SessionListener,
  on: readonly (number | ListenTarget)[],
  doors: Set<number>,
): Promise<Result<readonly ListenAddress[]>> {
  const bound: ListenAddress[] = [];
  for (const each of on) {
    const one = await listener.listen(typeof each === 'number' ? { fd: each } : each);
    if (!one.ok) {
      // Half a plane would look like a whole one.
      await listener.close({ drainMs: 0 });
      return one;
    }
    if (typeof each === 'number') doors.add(one.value.port);
    bound.push(one.value);
  }
  return bound.length > 0
    ? ok(bound)
    : failed(fault('listen_nothing', 'the name plane was given nothing to listen on'));
}

function settingsOf(options: NameListenerOptions): SessionSettings {
  return {
    point: 'gateway',
    limits: { ...defaultLimits, ...options.limits },
    onFull: options.onFull ?? 'auto',
    requestBase: options.requestBase ?? null,
    // What only a proxy does: proofs, marks of its own in requests, a proxy behind it, a PAC file.
    allowCleartextProof: false,
    viaName: 'exeat-gateway',
    parent: null,
    pac: null,
  };
}
