import { type AskApi, act, signDeclaration, type TownPeople } from './people.ts';
import { askThroughTunnel, holdTunnel, type WorkloadWay } from './proxy-client.ts';
import type { TownPorts } from './town-policy.ts';
import { pause } from './traffic.ts';

/** What the people of the town act with. */
export interface StoryOptions {
  readonly ask: AskApi;
  readonly people: TownPeople;
  readonly ports: TownPorts;
  readonly wayOf: (service: string) => WorkloadWay;
  /** How much faster than usual everything goes, from 1 on. */
  readonly pace: number;
  readonly signal: AbortSignal;
  /** Is told, in one line, what could not be done. */
  readonly onTrouble: (line: string) => void;
}

// Long enough to look at, short enough to see it end.
const grantSeconds = 180;
const fewestGrantSeconds = 12;
const emergencySeconds = 600;
const betweenGrantsMs = 4 * 60_000;
const emergencyLastsMs = 90_000;
// Policy lets a pair be granted so often only; after that the last one has ended and nothing new is asked.
const mostGrants = 8;

/** Plays what people do: a request that waits, an exception that ends by itself again and again, an emergency whose review is due. */
export async function playStory(options: StoryOptions): Promise<void> {
  const parts = [askAndWait(options), breakGlass(options), grantAgainAndAgain(options)];
  for (const result of await Promise.allSettled(parts)) {
    if (result.status === 'rejected' && !options.signal.aborted) options.onTrouble(String(result.reason));
  }
}

interface Shown {
  readonly id: string;
  readonly digest: string;
}

async function askAndWait({ ask, people, ports, wayOf, signal }: StoryOptions): Promise<void> {
  const to = `telemetry.vendor.example:${ports.tls}`;
  const decision = await deny(ask, { people, to, way: wayOf('payments-api'), signal });
  await act(ask, people.ana, '/exceptions', {
    ...{ service: 'payments-api', owner: 'team-payments', to, decision, durationSeconds: 4 * 3_600 },
    ...{ reason: 'the vendor needs traces of the failing settlements of this morning', ticket: 'INC-2291' },
  });
}

async function breakGlass({ ask, people, ports, wayOf, pace, signal }: StoryOptions): Promise<void> {
  const { ana, ben } = people;
  const to = `failover.bank-gateway.example:${ports.tls}`;
  const { nonce } = await act<{ readonly nonce: string }>(ask, null, '/break-glass/challenge', { key: ana.keyId });
  const declared = signDeclaration(ana.key, {
    ...{ for: emergencySeconds, key: ana.keyId, nonce, service: 'payments-api', to },
    reason: 'the bank fails over to its second site, payments stand still, INC-2290',
  });
  const opened = await act<Shown>(ask, null, '/break-glass', { key: ana.keyId, ...declared });
  await act(ask, ben, `/exceptions/${opened.id}/acknowledge`, {});
  await askThroughTunnel(wayOf('payments-api'), { to, bytesUp: 8_000, bytesDown: 4_000 }, signal);
  await pause(emergencyLastsMs / pace, signal);
  if (!signal.aborted) {
    await act(ask, ana, `/exceptions/${opened.id}/revoke`, { reason: 'the first site answers again' });
  }
}

async function grantAgainAndAgain(options: StoryOptions): Promise<void> {
  const { ask, people, ports, wayOf, pace, signal } = options;
  const to = `files.acquirer.example:${ports.tls}`;
  const durationSeconds = Math.max(fewestGrantSeconds, Math.round(grantSeconds / pace));
  for (let granted = 0; granted < mostGrants && !signal.aborted; granted += 1) {
    const way = wayOf('payments-api');
    const decision = await deny(ask, { people, to, way, signal });
    const asked = await act<Shown>(ask, people.ana, '/exceptions', {
      ...{ service: 'payments-api', owner: 'team-payments', to, decision, durationSeconds },
      ...{ reason: 'the files of the new acquirer are tried before its rule is written', ticket: 'CHG-1180' },
    });
    await act(ask, people.ben, `/exceptions/${asked.id}/approve`, { digest: asked.digest });
    const tunnel = await holdWhenOpen(options, to);
    await tunnel?.ended;
    await pause(betweenGrantsMs / pace, signal);
  }
}

// The point has an approval within a second.
async function holdWhenOpen({ wayOf, signal }: StoryOptions, to: string): ReturnType<typeof holdTunnel> {
  for (let tries = 0; tries < 20 && !signal.aborted; tries += 1) {
    const tunnel = await holdTunnel(wayOf('payments-api'), to, { signal, everyMs: 2_000 });
    if (tunnel !== null) return tunnel;
    await pause(250, signal);
  }
  return null;
}

/** Is refused, and gives the id of that decision once it is recorded; null where it is not found. */
async function deny(
  ask: AskApi,
  { people, to, way, signal }: Pick<StoryOptions, 'people' | 'signal'> & { to: string; way: WorkloadWay },
): Promise<string | null> {
  await askThroughTunnel(way, { to }, signal);
  const host = to.slice(0, to.lastIndexOf(':'));
  for (let tries = 0; tries < 20 && !signal.aborted; tries += 1) {
    const path = `/decisions?verdict=deny&host=${host}&limit=1`;
    const { body } = await ask<{ readonly items?: readonly Shown[] }>(people.ana.secret, path);
    const [newest] = body.items ?? [];
    if (newest !== undefined) return newest.id;
    await pause(250, signal);
  }
  return null;
}
