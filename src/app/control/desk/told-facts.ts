import { failed, fault, ok, type Result } from '../../../base/index.ts';
import type { ExceptionCommand, ExceptionSpec, ExceptionState } from '../../../exceptions/index.ts';
import type { ExceptionFacts } from '../../../policy/index.ts';

/** What the policy said of a spec before the act had its turn. */
export interface ToldFacts {
  readonly spec: ExceptionSpec;
  readonly facts: Result<ExceptionFacts>;
}

// What the policy has a say in. Nobody is kept from ending something by a policy that is busy or broken, nor waits for it.
const heeding: ReadonlySet<string> = new Set(['submit', 'edit', 'declare', 'approve', 'resume']);

/**
 * Asks the policy about a command, before its turn: a policy that is being compiled may take seconds, and must hold up nobody who ends
 * something. Null where the policy has no say.
 */
export async function askFacts(
  command: ExceptionCommand,
  state: ExceptionState | null,
  factsOf: (spec: ExceptionSpec) => Promise<Result<ExceptionFacts>>,
): Promise<ToldFacts | null> {
  const spec = specOf(command, state);
  if (spec === null || !heeding.has(command.kind)) return null;
  return { spec, facts: await factsOf(spec) };
}

/**
 * What was told, in the turn of the command, where it is still about what stands there and about the policy of now (null: not known). Null:
 * no policy is in force, or it has no say. Faults: `changed_meanwhile`, `unavailable`, `target_malformed`.
 */
export function heedFacts(
  told: ToldFacts | null,
  spec: ExceptionSpec | null,
  policyVersion: string | null,
): Result<ExceptionFacts | null> {
  if (told === null || spec === null) return ok(null);
  const { facts } = told;
  if (!facts.ok) {
    if (facts.fault.code === 'no_policy') return ok(null);
    const code = facts.fault.code === 'policy_busy' ? 'unavailable' : 'target_malformed';
    return failed(fault(code, facts.fault.message));
  }
  const isSame = spec.service === told.spec.service && spec.to === told.spec.to && sameTexts(spec.via, told.spec.via);
  const isOfNow = policyVersion === null || policyVersion === facts.value.policyVersion;
  return isSame && isOfNow
    ? facts
    : failed(fault('changed_meanwhile', 'it or the policy changed meanwhile, look again'));
}

/** The spec that a command is about; null before anything was asked for. */
export function specOf(command: ExceptionCommand, state: ExceptionState | null): ExceptionSpec | null {
  if (command.kind === 'submit' || command.kind === 'edit' || command.kind === 'declare') return command.spec;
  return state?.spec ?? null;
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
