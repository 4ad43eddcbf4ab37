import { ok, type Result } from '../../base/index.ts';
import {
  type HostPattern,
  isBelow,
  type PortRange,
  parsePolicyTarget,
  prefixContains,
  type Target,
} from '../../destination/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import type { ExceptionSpec, Narrowing } from './exception-spec.ts';

/** What bounds a grant: of a spec, everything that says how much it opens. */
export type Extent = Pick<
  ExceptionSpec,
  'relaxes' | 'service' | 'identity' | 'to' | 'via' | 'durationMs' | 'bytesUp' | 'bytesDown'
>;

/**
 * A spec as an approver narrows it. INVARIANT: what comes out is never wider than what went in.
 * Faults: `target_malformed`, `wider_than_asked`, `spec_malformed`.
 */
export function narrowSpec(spec: ExceptionSpec, narrowing: Narrowing): Result<ExceptionSpec, ExceptionFault> {
  const target = parsePolicyTarget(narrowing.to ?? spec.to);
  if (!target.ok) return refuse('target_malformed', target.fault.message);
  const narrowed: ExceptionSpec = {
    ...spec,
    to: target.value.canonical,
    identity: narrowing.identity ?? spec.identity,
    via: narrowing.via === undefined ? spec.via : [...new Set(narrowing.via)].sort(),
    durationMs: narrowing.durationMs ?? spec.durationMs,
    bytesUp: narrowing.bytesUp ?? spec.bytesUp,
    bytesDown: narrowing.bytesDown ?? spec.bytesDown,
  };
  const numbers = [narrowed.durationMs, narrowed.bytesUp ?? 1, narrowed.bytesDown ?? 1];
  if (!numbers.every((each) => Number.isSafeInteger(each) && each >= 1))
    return refuse('spec_malformed', 'a narrowing has whole numbers from 1');
  const wider = whatIsWider(spec, narrowed);
  return wider === null ? ok(narrowed) : refuse('wider_than_asked', `\`${wider}\` is wider than what was asked`);
}

/** What of `inner` opens more than `outer`, by the name of its field, or null where nothing does. Duration is compared too. */
export function whatIsWider(outer: Extent, inner: Extent): keyof Extent | null {
  if (inner.relaxes !== outer.relaxes) return 'relaxes';
  if (inner.service !== outer.service) return 'service';
  if (outer.identity !== null && inner.identity !== outer.identity) return 'identity';
  if (!isTargetInside(outer.to, inner.to)) return 'to';
  if (!isViaInside(outer.via, inner.via)) return 'via';
  if (inner.durationMs > outer.durationMs) return 'durationMs';
  if (!isCapInside(outer.bytesUp, inner.bytesUp)) return 'bytesUp';
  return isCapInside(outer.bytesDown, inner.bytesDown) ? null : 'bytesDown';
}

/** Without segments public addresses only: that is another thing, neither wider nor narrower than some segments. */
function isViaInside(outer: readonly string[], inner: readonly string[]): boolean {
  if (outer.length === 0 || inner.length === 0) return outer.length === inner.length;
  return inner.every((segment) => outer.includes(segment));
}

function isCapInside(outer: number | null, inner: number | null): boolean {
  return outer === null || (inner !== null && inner <= outer);
}

function isTargetInside(outerText: string, innerText: string): boolean {
  const outer = parsePolicyTarget(outerText);
  const inner = parsePolicyTarget(innerText);
  return outer.ok && inner.ok && covers(outer.value, inner.value);
}

function covers(outer: Target, inner: Target): boolean {
  return (
    outer.protocol === inner.protocol && hostCovers(outer.host, inner.host) && portsInclude(outer.ports, inner.ports)
  );
}

function hostCovers(outer: HostPattern, inner: HostPattern): boolean {
  switch (outer.kind) {
    case 'name':
      return inner.kind === 'name' && inner.name === outer.name;
    case 'below':
      if (inner.kind === 'below') return inner.name === outer.name || isBelow(inner.name, outer.name);
      return inner.kind === 'name' && isBelow(inner.name, outer.name);
    case 'any-name':
      return inner.kind !== 'prefix';
    case 'prefix':
      return (
        inner.kind === 'prefix' &&
        inner.prefix.length >= outer.prefix.length &&
        prefixContains(outer.prefix, inner.prefix.first)
      );
    default:
      return outer satisfies never;
  }
}

function portsInclude(outer: readonly PortRange[], inner: readonly PortRange[]): boolean {
  return inner.every((range) => outer.some(({ first, last }) => first <= range.first && range.last <= last));
}
