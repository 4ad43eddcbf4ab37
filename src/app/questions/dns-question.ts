import { failed, fault, type Result } from '../../base/index.ts';
import type { DnsFilter, ExplainedQuery } from '../../dns/index.ts';
import type { CompiledPolicy } from '../../policy/index.ts';
import { lowerName, typeNumber } from '../../wire/index.ts';
import { findPrincipal } from './decide-question.ts';

/** A query to explain: a name as people write it, a type (`A`), the service that asks. */
export interface DnsQueryAsk {
  readonly name: string;
  readonly type: string;
  readonly as: string;
}

/** What a query would come to. */
export type DnsQueryAnswer = ExplainedQuery;

const hostLike = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

/** Reads a question of the local socket and walks it. Faults: `ask_malformed`, `name_malformed`, `type_unknown`, `service_unknown`, `no_policy`. */
export async function answerDnsQuery(
  body: unknown,
  { filter, policy }: { readonly filter: Pick<DnsFilter, 'explain'>; readonly policy: CompiledPolicy | null },
): Promise<Result<DnsQueryAnswer>> {
  const { name, type, as } = (body ?? {}) as Partial<Record<keyof DnsQueryAsk, unknown>>;
  if (typeof name !== 'string' || typeof type !== 'string' || typeof as !== 'string')
    return failed(fault('ask_malformed', 'dns-query takes `name`, `type` and `as`, each a text'));
  const asked = lowerName(name.replace(/\.$/, ''));
  if (!hostLike.test(asked)) return failed(fault('name_malformed', `\`${name}\` is not a name that a policy can have`));
  const number = typeNumber(type.toUpperCase());
  if (number === null)
    return failed(fault('type_unknown', `\`${type}\` is no type of record, write \`A\` or \`TYPE65\``));
  if (policy === null) return failed(fault('no_policy', 'no policy is in force'));
  const principal = findPrincipal(policy, { as, strength: null }, null);
  if (principal === null) return failed(fault('service_unknown', `the policy has no service \`${as}\``));
  return await filter.explain({ name: asked, type: number, principal });
}
