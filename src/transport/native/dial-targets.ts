import { lookup } from 'node:dns';
import { parseIpAddress } from '../../destination/index.ts';
import type { ApprovedAddress } from '../../policy/index.ts';
import type { Asked } from '../ask-ports.ts';
import { interleave } from '../interleave.ts';
import type { TransportOptions } from '../transport.ts';
import type { WireTarget } from './link-events.ts';

/** A target with the approved address that it is; null for the parent proxy, which is configured and not asked for. */
export interface DialTarget extends WireTarget {
  readonly approved: ApprovedAddress | null;
}

/** What is to be dialled, or why nothing is. */
export type PlannedDial = { readonly targets: readonly DialTarget[] } | { readonly why: string };

/** Plans a dial: at once for approved addresses, once its name was looked up for a parent proxy. */
export function planTargets(
  options: TransportOptions,
  asked: Asked<'dial' | 'dial_parent'>,
  planned: (plan: PlannedDial) => void,
): void {
  if (asked.type === 'dial') {
    const targets = interleave(asked.addresses).map((approved) => ({
      words: approved.address.words,
      port: approved.port,
      approved,
    }));
    if (targets.length > 0) planned({ targets });
    else queueMicrotask(() => planned({ why: 'no address' }));
    return;
  }
  const { parent } = options;
  if (parent === null) {
    queueMicrotask(() => planned({ why: 'no parent proxy is configured' }));
    return;
  }
  lookup(parent.host, (error, address) => {
    const parsed = error === null ? parseIpAddress(address.replace(/%.*$/, '')) : null;
    if (parsed?.ok !== true) planned({ why: error?.code ?? 'no address' });
    else planned({ targets: [{ words: parsed.value.words, port: parent.port, approved: null }] });
  });
}
