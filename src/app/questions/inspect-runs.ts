import { ExeatError, failed, fault, ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import type { IpPrefix } from '../../destination/index.ts';
import type { CompiledPolicy } from '../../policy/index.ts';
import { readRunRanges, readRunsStatus, runAddresses, usableRanges } from '../point/run-addresses.ts';
import { takesRunLeases } from '../point/run-takers.ts';
import { missingForRuns } from '../run/programs.ts';
import type { RunsStatus } from '../status.ts';
import { askGatewayStatus } from './ask-point.ts';
import { type Inspection, pass } from './inspection.ts';

/** What a person reads in one go. */
const mostShown = 5;

/** Whether a command can have a network of its own on this machine. Only `exeat run` needs it: the product works without. */
export function inspectRuns(): Inspection {
  const missing = missingForRuns();
  if (missing.length === 0) return pass('runs', '`exeat run` can make its namespaces');
  return {
    check: 'runs',
    result: 'warn',
    says: '`exeat run` does not work here',
    mend: `it needs ${missing.join(' and ')}`,
  };
}

/** The ranges of runs, or why the configuration has none that can be used: one line, which stops the start too. */
export function tryRunRanges(config: Pick<Config, 'gateway' | 'leases'>): Result<readonly IpPrefix[]> {
  try {
    return ok(readRunRanges(config));
  } catch (error) {
    if (error instanceof ExeatError) return failed(fault(error.code, error.message));
    throw error;
  }
}

/** Whether runs can go out through the gateway: which services want that, and whether there are addresses for them. */
export async function inspectRunLinks(
  config: Pick<Config, 'gateway' | 'leases' | 'state'>,
  policy: CompiledPolicy | null,
  nowMs: number,
): Promise<readonly Inspection[]> {
  if (config.gateway === null) return [];
  const check = 'gateway runs';
  if (config.gateway.run === null) return [pass(check, 'none: `gateway.run` is null, runs have their loopback alone')];
  const ranges = tryRunRanges(config);
  if (!ranges.ok) return [broken(check, 'fail', ranges.fault.message)];
  const takers = policy === null ? { names: [], conflict: null } : findTakers(ranges.value, policy, nowMs);
  const mostNeeded = takers.names.length === 0 ? 'warn' : 'fail';
  if (takers.conflict !== null) return [broken(check, 'fail', takers.conflict)];
  const status = await readStatus(config, ranges.value);
  if (status === null) return [];
  if (status.problem !== null) return [broken(check, status.live > 0 ? 'warn' : mostNeeded, status.problem)];
  const room = `${status.live} now, addresses for ${status.left} more in ${status.ranges.join(' and ')}`;
  return [pass(check, `${room}; ${takersText(takers.names)}`)];
}

// A running product knows how many there are; else there are none.
async function readStatus(config: Pick<Config, 'state'>, ranges: readonly IpPrefix[]): Promise<RunsStatus | null> {
  const asked = await askGatewayStatus(config);
  return (asked.ok ? asked.value.runs : null) ?? readRunsStatus(ranges, 0);
}

interface Takers {
  readonly names: readonly string[];
  /** An identity of another service that has a part of the range. */
  readonly conflict: string | null;
}

function findTakers(ranges: readonly IpPrefix[], policy: CompiledPolicy, now: number): Takers {
  const addresses = runAddresses(usableRanges(ranges), 0);
  const names: string[] = [];
  if (addresses.length === 0) return { names, conflict: null };
  for (const { name } of policy.services()) {
    try {
      if (takesRunLeases(policy, name, { addresses, now })) names.push(name);
    } catch (error) {
      return { names: [...names, name], conflict: `runs of \`${name}\`: ${(error as Error).message}` };
    }
  }
  return { names, conflict: null };
}

function takersText(names: readonly string[]): string {
  if (names.length === 0) return 'no service lists `leased:run`, so all runs have their loopback alone';
  const rest = names.length > mostShown ? ` and ${names.length - mostShown} more` : '';
  return `for ${names.slice(0, mostShown).join(', ')}${rest}`;
}

// What is wrong, then what to do, after the last colon.
function broken(check: string, result: 'warn' | 'fail', problem: string): Inspection {
  const at = problem.lastIndexOf(': ');
  return { check, result, says: problem.slice(0, at), mend: problem.slice(at + 2) };
}
