import { type Clock, type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import type { IpAddress } from '../../destination/index.ts';
import { type DnsMessage, type DnsRecord, dnsTypes, internetClass, rcodes } from '../../wire/index.ts';
import { addressData } from './address-data.ts';
import type { Answer, FoundAnswer } from './answer.ts';
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

/** Zones that we answer for ourselves; null for a name that is in none. */
export interface LocalAnswers {
  answer(name: string, type: number): Pick<DnsMessage, 'rcode' | 'answers' | 'authorities'> | null;
}

/** What a look-up is made of. */
export interface LookupOptions {
  readonly clock: Clock;
  readonly upstream: AskUpstream;
  readonly hosts: ReadonlyMap<string, readonly IpAddress[]>;
  readonly zones: LocalAnswers;
  /** Follows aliases within a response; a fault where they loop or contradict each other. */
  readonly chainOf: (message: DnsMessage, name: string) => Result<{ readonly links: readonly string[] }, Fault>;
  /** Memory for answers, bytes. */
  readonly maxBytes: number;
  /** For how long an answer may be told past its time when nobody has a newer one, milliseconds; 0: never. */
  readonly staleForMs: number;
}

/** Finds answers: ours, those at hand, those of upstreams. One question for each name and type at a time. */
export interface Lookup {
  /** At hand and fresh; null: it has to be asked for. */
  atHand(name: string, type: number): Answer | null;
  /** Asks; gives a stale answer where nobody says anything in time. Never rejects. */
  ask(name: string, type: number): Promise<Result<FoundAnswer, Fault>>;
  counts(): { readonly answers: number; readonly bytes: number; readonly stale: number; readonly inFlight: number };
}

/** Longest time that an answer is kept, and that a "no" is. */
const mostTtlSeconds = 3_600;
const mostNegativeSeconds = 300;
/** A "no" without SOA may not be kept (RFC 2308 section 5); for a moment it spares the server a storm. */
const bareNegativeSeconds = 1;
const leastTtlSeconds = 1;
const hostsTtlSeconds = 60;
/** Clients try again after some seconds: before that they get what is past its time (RFC 8767 section 5). */
const stalePatienceMs = 1_800;

/** Makes a look-up. */
export function createLookup(options: LookupOptions): Lookup {
  const { clock, hosts, zones } = options;
  const cache = createMessageCache(options);
  const inFlight = new Map<string, Promise<Result<Answer, Fault>>>();
  let stale = 0;
  const ours = (name: string, type: number): Answer | null => {
    const addresses = hosts.get(name);
    const local = addresses === undefined ? zones.answer(name, type) : hostsAnswer(name, type, addresses);
    if (local === null) return null;
    const message = { ...bareMessage(name, type), ...local };
    const chain = options.chainOf(message, name);
    const from = addresses === undefined ? 'zone' : 'hosts';
    const links = chain.ok ? chain.value.links : [];
    const ttlSeconds = leastTtl(message, hostsTtlSeconds);
    return { name, type, message, links, from, server: null, storedAtMs: clock.now(), ttlSeconds };
  };
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
    const answer: Answer = {
      name,
      type,
      message,
      links,
      from: 'upstream',
      server,
      storedAtMs: clock.now(),
      ttlSeconds,
    };
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
  return {
    atHand: (name, type) => cache.fresh(name, type) ?? ours(name, type),
    ask: async (name, type) => {
      const known = cache.fresh(name, type) ?? ours(name, type);
      if (known !== null) return ok({ answer: known, isStale: false });
      const old = cache.kept(name, type);
      const asking = share(name, type);
      const said = old === null ? await asking : await within(asking, stalePatienceMs);
      if (said?.ok === true) return ok({ answer: said.value, isStale: false });
      if (old === null) return said ?? failed(fault('resolver_failed', `\`${name}\` was not answered in time`));
      stale += 1;
      return ok({ answer: old, isStale: true });
    },
    counts: () => ({ ...cache.counts(), stale, inFlight: inFlight.size }),
  };
}

function ttlOf(message: DnsMessage): number {
  if (message.answers.length > 0 && message.rcode === rcodes.noError)
    return Math.min(mostTtlSeconds, Math.max(leastTtlSeconds, leastTtl(message, mostTtlSeconds)));
  const soa = message.authorities.find(({ type }) => type === dnsTypes.soa);
  return soa === undefined ? bareNegativeSeconds : Math.min(mostNegativeSeconds, soa.ttl, soaMinimum(soa));
}

function leastTtl({ answers }: Pick<DnsMessage, 'answers'>, most: number): number {
  return answers.reduce((least, { ttl }) => Math.min(least, ttl), most);
}

/** The last 32 bits of an SOA (RFC 2308 section 5). */
function soaMinimum({ data }: DnsRecord): number {
  if (data.length < 4) return 0;
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(data.length - 4);
}

function hostsAnswer(
  name: string,
  type: number,
  addresses: readonly IpAddress[],
): Pick<DnsMessage, 'rcode' | 'answers' | 'authorities'> {
  const family = type === dnsTypes.a ? 4 : type === dnsTypes.aaaa ? 6 : 0;
  const answers = addresses
    .filter((address) => address.family === family)
    .map((address) => ({ name, type, class: internetClass, ttl: hostsTtlSeconds, data: addressData(address) }));
  return { rcode: rcodes.noError, answers, authorities: [] };
}

/** A response of ours to a question, with nothing in it. */
export function bareMessage(name: string, type: number): DnsMessage {
  return {
    id: 0,
    isResponse: true,
    opcode: 0,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired: true,
    recursionAvailable: true,
    authenticData: false,
    checkingDisabled: false,
    rcode: rcodes.noError,
    question: { name, type, class: internetClass },
    answers: [],
    authorities: [],
    additionals: [],
    edns: null,
  };
}
