import type { IpAddress } from '../destination/index.ts';
import type { Reason, Verdict } from '../policy/index.ts';

/**
 * What the first bytes of a connection said before anybody was asked for: at a transparent gateway they come before the destination.
 * `breach`: what is wrong with them, such as `sni_missing`; null for nothing. `detail` is for records only. `aimed`: the address that the
 * client aimed at, which may be another than the one that is dialled.
 */
export interface Opening {
  readonly breach: Reason | null;
  readonly detail: string | null;
  readonly carries: 'tls' | 'http' | null;
  readonly hasEch: boolean;
  readonly aimed: IpAddress;
}

/**
 * Judges first bytes before anything is resolved or dialled for them: the reason to refuse them, or null. It foresees what the tunnel would
 * find (DESIGN 5.1, protocols), which looks at the same bytes again. Under observe they pass here, and the tunnel remarks upon them. What
 * is denied anyway keeps its reason, unless it is only that no rule covers it: then what is wrong with the bytes says more.
 */
export function judgeOpening(verdict: Verdict, opening: Opening): Reason | null {
  const { breach, carries, hasEch } = opening;
  if (verdict.verdict === 'deny') return verdict.reason === 'no_rule_matched' ? breach : null;
  const { admission, mode } = verdict;
  if (mode === 'observe' || admission.tcp) return null;
  if (breach !== null && !(breach === 'sni_missing' && admission.sniNone)) return breach;
  if (carries !== null && !admission[carries]) return 'hello_missing';
  return hasEch && !admission.ech ? 'ech_refused' : null;
}
