import { setMaxListeners } from 'node:events';
import { type Clock, failed, fault, ok, type Result } from '../base/index.ts';
import { type IpAddress, parseIpAddress } from '../destination/index.ts';
import type { Resolution, Resolver } from '../enforcement/index.ts';
import { createAnswerCache } from './answer-cache.ts';
import { createDomainCounter } from './domain-counter.ts';
import { isAskable } from './is-askable.ts';
import { type LookedUp, lookUp, type QuestionSource } from './look-up.ts';
import { createUpstreams } from './upstream/create-upstreams.ts';
import type { UpstreamOptions } from './upstream/upstreams.ts';

/** How to resolve. */
export interface ResolverOptions {
  readonly clock: Clock;
  /**
   * What answers questions, when others ask through it as well; `close()` leaves it open, and the options that say how to ask are without
   * effect. Default: upstreams of its own.
   */
  readonly source?: QuestionSource;
  /** Servers as `parseServer` reads them; null for the system's. Default: null. */
  readonly servers?: readonly string[] | null;
  /** Exact lower-case names with their addresses, asked before any server. Default: none. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** Longest wait for one exchange with one server, in milliseconds. Default: 2000. */
  readonly attemptMs?: number;
  /** Longest wait for a name, over all servers, in milliseconds. Default: 5000. */
  readonly totalMs?: number;
  /** Names being asked for at once; past it a name fails at once. Default: 1000. */
  readonly maxInFlight?: number;
  /** Names below one registrable domain being asked for at once; past it such a name fails at once. Default: 100. */
  readonly maxInFlightPerDomain?: number;
  /** Names whose answers are kept; past it the least recently used goes. Default: 10,000. */
  readonly maxCachedNames?: number;
  /** Shortest time an answer is kept, in seconds, whatever its TTL; connections pin their address anyway. Default: 1. */
  readonly minTtlSeconds?: number;
  /** Where the system's servers are listed. Default: `/etc/resolv.conf`. */
  readonly systemFile?: string;
}

/** What the resolver did since it was made. */
export interface ResolverCounts {
  readonly asked: number;
  readonly fromMemory: number;
  readonly failed: number;
  readonly attempts: number;
  readonly dropped: number;
  readonly inFlight: number;
  readonly cachedNames: number;
}

/** A resolver with a life: after `close()` every name fails, those being asked for at once. */
export interface DnsResolver extends Resolver {
  counts(): ResolverCounts;
  close(): void;
}

const defaultMaxInFlight = 1000;
/** Ten domains whose servers never answer can stand at the same time before others feel it. */
const defaultMaxInFlightPerDomain = 100;
const defaultMaxCachedNames = 10_000;
const defaultMinTtlSeconds = 1;
/** Longest time an answer is kept. */
const maxTtlSeconds = 3600;
/** Longest time a "no" is kept: somebody is usually waiting for the name to appear. */
const maxNegativeTtlSeconds = 60;

/** Makes a resolver. Throws a `TypeError` for a server or host address that is none; configuration checks them first. */
export function createResolver(options: ResolverOptions): DnsResolver {
  const hosts = readHosts(options.hosts ?? {});
  const cache = createAnswerCache(options.clock, options.maxCachedNames ?? defaultMaxCachedNames);
  const { source, closeSource } = openSource(options);
  const inFlight = new Map<string, Promise<Result<Resolution>>>();
  const domains = createDomainCounter(options.maxInFlightPerDomain ?? defaultMaxInFlightPerDomain);
  const counts = { asked: 0, fromMemory: 0, failed: 0 };
  const closing = new AbortController();
  // Every question listens, and there are more than ten: the warning about that would be wrong here.
  setMaxListeners(0, closing.signal);

  const askNow = async (name: string): Promise<Result<Resolution>> => {
    const looked = await lookUp(name, source, closing.signal);
    if (!looked.outcome.ok) counts.failed += 1;
    return keep(name, looked);
  };
  const keep = (name: string, looked: LookedUp): Result<Resolution> => {
    const ttlSeconds = clampTtl(looked, options.minTtlSeconds ?? defaultMinTtlSeconds);
    cache.set(name, looked.outcome, ttlSeconds);
    return looked.outcome.ok ? ok({ addresses: looked.outcome.value.addresses, ttlSeconds }) : looked.outcome;
  };
  const answerAtOnce = (name: string): Result<Resolution> | null => {
    if (closing.signal.aborted) return failed(fault('resolver_failed', 'the resolver is closed'));
    const fixed = hosts.get(name);
    if (fixed !== undefined) return ok({ addresses: fixed, ttlSeconds: maxTtlSeconds });
    if (!isAskable(name)) return failed(fault('name_malformed', `\`${name}\` is not a name that DNS can hold`));
    // RFC 6761 section 6.3: these never leave the machine, and what a server says of them is not believed.
    if (/(^|\.)localhost$/.test(name)) return failed(fault('name_not_found', `\`${name}\` is only known to \`hosts\``));
    return cache.get(name);
  };
  return {
    resolve: (name) => {
      const known = answerAtOnce(name);
      if (known !== null) {
        counts.fromMemory += 1;
        return known;
      }
      const running = inFlight.get(name);
      if (running !== undefined) return running;
      if (inFlight.size >= (options.maxInFlight ?? defaultMaxInFlight) || !domains.enter(name)) {
        counts.failed += 1;
        return failed(fault('resolver_failed', 'too many names are being resolved'));
      }
      counts.asked += 1;
      const asking = askNow(name).finally(() => {
        inFlight.delete(name);
        domains.leave(name);
      });
      inFlight.set(name, asking);
      return asking;
    },
    holds: (name, address) => hosts.get(name)?.some((one) => one.text === address.text) ?? cache.holds(name, address),
    counts: () => {
      const { attempts, dropped } = source.counts();
      return { ...counts, attempts, dropped, inFlight: inFlight.size, cachedNames: cache.size };
    },
    close: () => {
      closing.abort();
      closeSource();
    },
  };
}

interface OpenSource {
  readonly source: QuestionSource;
  closeSource(): void;
}

function openSource(options: ResolverOptions): OpenSource {
  // It is closed by whoever made it.
  if (options.source !== undefined) return { source: options.source, closeSource: () => undefined };
  const own = createUpstreams(upstreamOptions(options));
  return { source: own, closeSource: () => own.close() };
}

/** The bounds here are of names, and each name is two questions. */
function upstreamOptions(options: ResolverOptions): UpstreamOptions {
  return {
    clock: options.clock,
    servers: options.servers ?? null,
    ...(options.attemptMs === undefined ? {} : { attemptMs: options.attemptMs }),
    ...(options.totalMs === undefined ? {} : { totalMs: options.totalMs }),
    ...(options.systemFile === undefined ? {} : { systemFile: options.systemFile }),
    maxInFlight: 2 * (options.maxInFlight ?? defaultMaxInFlight),
    maxInFlightPerDomain: 2 * (options.maxInFlightPerDomain ?? defaultMaxInFlightPerDomain),
  };
}

function clampTtl(looked: LookedUp, minTtlSeconds: number): number {
  if (looked.outcome.ok) return Math.min(maxTtlSeconds, Math.max(minTtlSeconds, looked.ttlSeconds));
  return Math.min(maxNegativeTtlSeconds, looked.ttlSeconds);
}

function readHosts(hosts: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, readonly IpAddress[]> {
  return new Map(
    Object.entries(hosts).map(([name, texts]) => [
      name,
      texts.map((text) => {
        const parsed = parseIpAddress(text);
        if (!parsed.ok) throw new TypeError(`"hosts": ${parsed.fault.message}`);
        return parsed.value;
      }),
    ]),
  );
}
