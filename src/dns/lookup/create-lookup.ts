import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { type DnsMessage, rcodes } from '../../wire/index.ts';
import { negativeTtlSeconds } from '../upstream/take-addresses.ts';
import { type Answer, agedMessage, type FoundAnswer, newPlace } from './answer.ts';
import { createLocalSource, type LocalFound, type LocalSourceOptions } from './local-source.ts';
import { createMessageCache } from './message-cache.ts';
import { within } from './within.ts';

/** A response as an upstream gave it. */
export interface AskedUpstream {
  readonly message: DnsMessage;
  readonly server: string;
}

/** Where answers come from that we do not know ourselves. Never rejects. */
export interface AskUpstream {
  ask(question: { readonly name: string; readonly type: number }): Promise<Result<AskedUpstream, Fault>>;
}

/** What a look-up is made of. */
export interface LookupOptions extends LocalSourceOptions {
  readonly upstream: AskUpstream;
  /** Memory for answers, bytes. */
  readonly maxBytes: number;
  /** For how long an answer may be told past its time when nobody has a newer one, milliseconds; 0: never. */
  readonly staleForMs: number;
}

/** Finds answers: ours, those at hand, those of upstreams. One question for each name and type at a time. */
export interface Lookup {
  /** At hand and fresh at an instant (epoch milliseconds); null: it has to be asked for. */
  atHand(name: string, type: number, nowMs: number): Answer | null;
  /** Asks; gives a stale answer where nobody says anything in time. Never rejects. */
  ask(name: string, type: number): Promise<Result<FoundAnswer, Fault>>;
  /** The same as a message as it holds now, for who wants addresses and not who asked. Never rejects. */
  message(name: string, type: number): Promise<Result<{ readonly message: DnsMessage }, Fault>>;
  counts(): { readonly answers: number; readonly bytes: number; readonly stale: number; readonly inFlight: number };
}

/** Longest time that an answer is kept, and that a "no" is. */
const mostTtlSeconds = 3_600;
const mostNegativeSeconds = 300;
const leastTtlSeconds = 1;
/** Clients try again after some seconds: before that they get what is past its time (RFC 8767 section 5). */
const stalePatienceMs = 1_800;

/** Makes a look-up. */
export function createLookup(options: LookupOptions): Lookup {
  const { clock } = options;
  const ours = createLocalSource(options);
  const cache = createMessageCache(options);
  const inFlight = new Map<string, Promise<Result<Answer, Fault>>>();
  let stale = 0;
  const askUpstream = async (name: string, type: number): Promise<Result<Answer, Fault>> => {
    const asked = await options.upstream.ask({ name, type });
    if (!asked.ok) return asked;
    const { server } = asked.value;
    // We tell it, and are no authority for it.
    const message = { ...asked.value.message, isAuthoritative: false, recursionAvailable: true };
    const chain = options.chainOf(message, name);
    if (!chain.ok) return failed(fault('resolver_failed', `\`${name}\`: ${chain.fault.message}`));
    const ttlSeconds = ttlOf(message);
    const { links } = chain.value;
    const from = 'upstream';
    const storedAtMs = clock.now();
    const place = newPlace();
    const answer: Answer = { name, type, message, links, from, server, storedAtMs, ttlSeconds, place };
    cache.set(answer);
    return ok(answer);
  };
  const share = (name: string, type: number): Promise<Result<Answer, Fault>> => {
    const key = `${type} ${name}`;
    const running = inFlight.get(key);
    if (running !== undefined) return running;
    const asking = askUpstream(name, type).finally(() => inFlight.delete(key));
    inFlight.set(key, asking);
    return asking;
  };
  const askOthers = async (name: string, type: number): Promise<Result<FoundAnswer, Fault>> => {
    const old = cache.kept(name, type, clock.now());
    const asking = share(name, type);
    const said = old === null ? await asking : await within(asking, stalePatienceMs);
    if (said?.ok === true) return ok({ answer: said.value, isStale: false });
    if (old === null) return said ?? failed(fault('resolver_failed', `\`${name}\` was not answered in time`));
    stale += 1;
    return ok({ answer: old, isStale: true });
  };
  const askBehind = async (local: LocalFound): Promise<Result<FoundAnswer, Fault>> => {
    if (local.target === null) return ok({ answer: local.answer, isStale: false });
    const { type } = local.answer;
    const kept = cache.fresh(local.target, type, clock.now());
    const found = kept === null ? await askOthers(local.target, type) : ok({ answer: kept, isStale: false });
    if (!found.ok) return found;
    return ok({ answer: ours.join(local.answer, found.value.answer), isStale: found.value.isStale });
  };
  const atHand = (name: string, type: number, nowMs: number): Answer | null => {
    const kept = cache.fresh(name, type, nowMs);
    if (kept !== null) return kept;
    const local = ours.find(name, type);
    return local?.target === null ? local.answer : null;
  };
  const ask = async (name: string, type: number): Promise<Result<FoundAnswer, Fault>> => {
    const known = atHand(name, type, clock.now());
    if (known !== null) return ok({ answer: known, isStale: false });
    const local = ours.find(name, type);
    return local === null ? await askOthers(name, type) : await askBehind(local);
  };
  return {
    atHand,
    ask,
    message: async (name, type) => {
      const found = await ask(name, type);
      return found.ok ? ok({ message: agedMessage(found.value.answer, clock.now()) }) : found;
    },
    counts: () => ({ ...cache.counts(), stale, inFlight: inFlight.size }),
  };
}

function ttlOf(message: DnsMessage): number {
  if (message.answers.length > 0 && message.rcode === rcodes.noError)
    return Math.min(mostTtlSeconds, Math.max(leastTtlSeconds, leastTtl(message, mostTtlSeconds)));
  return Math.min(mostNegativeSeconds, negativeTtlSeconds(message));
}

function leastTtl({ answers }: Pick<DnsMessage, 'answers'>, most: number): number {
  return answers.reduce((least, { ttl }) => Math.min(least, ttl), most);
}
