import type { PortRange, Target } from '../../destination/index.ts';
import { strengths } from '../../identity/index.ts';
import { protocolCodes } from '../format/codes.ts';
import { matchFlag } from '../format/layout.ts';
import type { RuleNode } from '../nodes.ts';
import { queryBits } from '../query-types.ts';

/** The words of one match before it is laid down: flags (without `last`), ports, rule row, extra row. */
export type MatchEntry = readonly [flags: number, ports: number, rule: number, extra: number];

/** The flags and ports of a target. `placePorts` lays a list of ranges down and gives its place. */
export function targetWords(
  target: Target,
  placePorts: (ranges: readonly PortRange[]) => number,
): { readonly flags: number; readonly ports: number } {
  const protocol = protocolCodes.indexOf(target.protocol);
  const [only] = target.ports;
  if (only === undefined || target.ports.length > 1) {
    return { flags: protocol | matchFlag.manyPorts, ports: placePorts(target.ports) };
  }
  const all = only.first <= 1 && only.last === 65535 ? matchFlag.allPorts : 0;
  return { flags: protocol | all, ports: only.first * 65536 + only.last };
}

/** The flags that a rule adds to its target: which list it is in and what it asks for and admits. */
export function ruleFlags(rule: RuleNode, list: 'allow' | 'deny'): number {
  const strength = rule.strength === null ? 0 : strengths.indexOf(rule.strength) + 1;
  return (
    (list === 'deny' ? matchFlag.deny : 0) |
    (rule.ech ? matchFlag.ech : 0) |
    (rule.sniNone ? matchFlag.sniNone : 0) |
    (strength << matchFlag.strengthShift) |
    (queryBits(rule.queries) << matchFlag.queriesShift)
  );
}
