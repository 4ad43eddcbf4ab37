import { failed, ok, type Result } from '../../base/index.ts';
import { type IpPrefix, parseIpPrefix } from '../../destination/index.ts';
import type { RpzRefusal } from './rpz-action.ts';

/** What a rule waits for. A name that starts with `*.` means every name below the rest and not the rest itself; `*` means every name. */
export type RpzTrigger =
  | { readonly kind: 'qname'; readonly name: string }
  | { readonly kind: 'ip' | 'client_ip'; readonly prefix: IpPrefix };

/** Where the triggers lie that are not names (draft-vixie-dnsop-dns-rpz section 4). */
const special = /(?:^|\.)(rpz-[^.]*)$/;

/** Reads the owner of a rule, below its zone and lower-case: `*.bad.example`, `24.0.2.0.192.rpz-ip`. Fails with the kind of trouble. */
export function readRpzTrigger(owner: string): Result<RpzTrigger, RpzRefusal> {
  const word = special.exec(owner)?.[1];
  if (word === undefined) return ok({ kind: 'qname', name: owner });
  const rest = owner.slice(0, Math.max(0, owner.length - word.length - 1));
  switch (word) {
    case 'rpz-ip':
      return readAddress(rest, 'ip');
    case 'rpz-client-ip':
      return readAddress(rest, 'client_ip');
    case 'rpz-nsdname':
      return failed('nsdname');
    case 'rpz-nsip':
      return failed('nsip');
    default:
      return failed('unknown_trigger');
  }
}

function readAddress(text: string, kind: 'ip' | 'client_ip'): Result<RpzTrigger, RpzRefusal> {
  const [length = '', ...reversed] = text.split('.', 10);
  if (!/^[1-9][0-9]{0,2}$/.test(length)) return failed('malformed_address');
  const parts = reversed.reverse();
  const address = parts.length === 4 && !parts.includes('zz') ? parts.join('.') : spellIpv6(parts);
  const prefix = parseIpPrefix(`${address}/${length}`);
  return prefix.ok ? ok({ kind, prefix: prefix.value }) : failed('malformed_address');
}

// `zz` stands for the `::` that no label can hold.
function spellIpv6(groups: readonly string[]): string {
  const gap = groups.indexOf('zz');
  if (gap < 0) return groups.join(':');
  return `${groups.slice(0, gap).join(':')}::${groups.slice(gap + 1).join(':')}`;
}
