import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import type { Resolution } from '../enforcement/index.ts';
import { type DnsMessage, dnsTypes } from '../wire/index.ts';
import type { UpstreamQuestion } from './upstream/query.ts';
import { type AddressOutcome, type AddressType, takeAddresses } from './upstream/take-addresses.ts';

/** What answers questions: upstream servers, or a look-up in front of them. `ask` never rejects. */
export interface QuestionSource {
  ask(question: UpstreamQuestion, signal: AbortSignal): Promise<Result<{ readonly message: DnsMessage }, Fault>>;
  counts(): { readonly attempts: number; readonly dropped: number };
}

/** What a name came to, and for how long that may be remembered (seconds, as the server said). */
export interface LookedUp {
  readonly outcome: Result<Resolution, Fault>;
  readonly ttlSeconds: number;
}

/** How long the second family is waited for once the first has addresses: a server that drops AAAA must not delay every connection. */
const secondFamilyMs = 500;

/** An answer of one family only is not kept long, so that the other one gets its chance soon. */
const oneFamilyTtlSeconds = 5;

/** Asks for both families at once and puts the answers together. The signal ends the wait. Never rejects. */
export async function lookUp(name: string, source: QuestionSource, signal: AbortSignal): Promise<LookedUp> {
  const ask = async (type: AddressType): Promise<AddressOutcome> => {
    const answer = await source.ask({ name, type }, signal);
    return answer.ok ? takeAddresses(answer.value.message, name, type) : { kind: 'failed', why: answer.fault.message };
  };
  const asking = [ask(dnsTypes.a), ask(dnsTypes.aaaa)] as const;
  const late: AddressOutcome = { kind: 'failed', why: 'the server did not answer in time' };
  const first = await Promise.race(asking);
  if (first.kind !== 'addresses') return combine(name, await Promise.all(asking));
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<AddressOutcome>((resolve) => {
    timer = setTimeout(() => resolve(late), secondFamilyMs);
  });
  const both = await Promise.all(asking.map((one) => Promise.race([one, patience])));
  clearTimeout(timer);
  return combine(name, both);
}

function combine(name: string, outcomes: readonly AddressOutcome[]): LookedUp {
  const found = outcomes.filter((one) => one.kind === 'addresses');
  const broken = outcomes.find((one) => one.kind === 'failed');
  const leastTtl = outcomes.reduce(
    (least, one) => ('ttlSeconds' in one ? Math.min(least, one.ttlSeconds) : least),
    Number.POSITIVE_INFINITY,
  );
  if (found.length > 0) {
    const foundTtl = found.reduce((least, one) => Math.min(least, one.ttlSeconds), Number.POSITIVE_INFINITY);
    const ttlSeconds = broken === undefined ? foundTtl : Math.min(foundTtl, oneFamilyTtlSeconds);
    return { outcome: ok({ addresses: found.flatMap((one) => one.addresses), ttlSeconds }), ttlSeconds };
  }
  if (broken !== undefined)
    return { outcome: failed(fault('resolver_failed', `\`${name}\`: ${broken.why}`)), ttlSeconds: 0 };
  const isMissing = outcomes.some((one) => one.kind === 'name_not_found');
  const missing = isMissing
    ? fault('name_not_found', `\`${name}\` does not exist`)
    : fault('no_address', `\`${name}\` exists and has no address`);
  return { outcome: failed(missing), ttlSeconds: leastTtl };
}
