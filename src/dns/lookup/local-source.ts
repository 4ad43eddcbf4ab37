import type { Clock, Fault, Result } from '../../base/index.ts';
import type { IpAddress } from '../../destination/index.ts';
import { bareMessage, type DnsMessage, dnsTypes, internetClass, rcodes } from '../../wire/index.ts';
import { addressData } from './address-data.ts';
import { type Answer, agedMessage } from './answer.ts';

/** What zones of ours say of a question. */
export interface LocalParts extends Pick<DnsMessage, 'rcode' | 'answers' | 'authorities'> {
  /** Where its aliases lead, outside of the zones: it still has to be asked for. */
  readonly target: string | null;
}

/** Zones that we answer for ourselves; null for a name that is in none. */
export interface LocalAnswers {
  answer(name: string, type: number): LocalParts | null;
}

/** What we know ourselves is made of. */
export interface LocalSourceOptions {
  readonly clock: Clock;
  readonly hosts: ReadonlyMap<string, readonly IpAddress[]>;
  readonly zones: LocalAnswers;
  /** Follows aliases within a response; a fault where they loop or contradict each other. */
  readonly chainOf: (message: DnsMessage, name: string) => Result<{ readonly links: readonly string[] }, Fault>;
}

/** An answer that we know ourselves, and the name that the rest of it is behind; null where it is whole. */
export interface LocalFound {
  readonly answer: Answer;
  readonly target: string | null;
}

/** What we know ourselves: `hosts:` before the zones. */
export interface LocalSource {
  find(name: string, type: number): LocalFound | null;
  /** An alias of a zone of ours that leads out of them, together with what is behind it. */
  join(answer: Answer, behind: Answer): Answer;
}

const hostsTtlSeconds = 60;

/** Makes the source. */
export function createLocalSource({ clock, hosts, zones, chainOf }: LocalSourceOptions): LocalSource {
  const answerOf = (question: Pick<Answer, 'name' | 'type' | 'from'>, message: DnsMessage): Answer => {
    const chain = chainOf(message, question.name);
    const links = chain.ok ? chain.value.links : [];
    const ttlSeconds = message.answers.reduce((least, { ttl }) => Math.min(least, ttl), hostsTtlSeconds);
    return { ...question, message, links, server: null, storedAtMs: clock.now(), ttlSeconds, place: null };
  };
  return {
    find: (name, type) => {
      const addresses = hosts.get(name);
      const local = addresses === undefined ? zones.answer(name, type) : hostsAnswer(name, type, addresses);
      if (local === null) return null;
      const { rcode, answers, authorities, target } = local;
      const message = { ...bareMessage(name, type), rcode, answers, authorities };
      return { target, answer: answerOf({ name, type, from: addresses === undefined ? 'zone' : 'hosts' }, message) };
    },
    join: ({ name, type, from, message }, behind) => {
      const { rcode, authorities, answers: found } = agedMessage(behind, clock.now());
      const answers = [...message.answers, ...found];
      return answerOf({ name, type, from }, { ...message, rcode, answers, authorities });
    },
  };
}

function hostsAnswer(name: string, type: number, addresses: readonly IpAddress[]): LocalParts {
  const family = type === dnsTypes.a ? 4 : type === dnsTypes.aaaa ? 6 : 0;
  const answers = addresses
    .filter((address) => address.family === family)
    .map((address) => ({ name, type, class: internetClass, ttl: hostsTtlSeconds, data: addressData(address) }));
  return { rcode: rcodes.noError, answers, authorities: [], target: null };
}
