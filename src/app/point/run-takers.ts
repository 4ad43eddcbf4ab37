import { ExeatError } from '../../base/index.ts';
import type { RunAddress } from '../../gateway/index.ts';
import type { CompiledPolicy } from '../../policy/index.ts';

/** The source of leases of runs, as services name it: `leased:run`. */
export const runSource = 'run';
/** A point that is killed renews nothing: a run that outlives it is nobody's after this. */
export const runLeaseMs = 60_000;

/**
 * Whether the policy takes these addresses for a service once runs lease them to it. Throws an ExeatError, `run_range_taken`, where an
 * identity says that one of them is another service's.
 */
export function takesRunLeases(
  policy: CompiledPolicy | null,
  service: string,
  { addresses, now }: { readonly addresses: readonly RunAddress[]; readonly now: number },
): boolean {
  const held = [{ source: runSource, service, until: now + runLeaseMs }];
  const named = addresses.map(({ address }) => policy?.matchSource(address, now, held) ?? []);
  if (!named.every((all) => all.some((one) => one.service === service))) return false;
  const other = named.flat().find((one) => one.service !== service);
  if (other === undefined) return true;
  const message = `the address of the run is \`${other.service}\`'s by \`${other.identity}\`: take another \`gateway.run.range\``;
  throw new ExeatError('run_range_taken', message);
}
