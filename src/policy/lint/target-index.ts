import type { HostPattern, IpPrefix, PortRange } from '../../destination/index.ts';

/**
 * The keys of a host pattern and of every pattern above it, the pattern's own first: `a.example.com` gives itself, then what
 * `*.example.com`, `*.com` and `*` would cover. At most 128 labels or 128 bits, so looking all of them up is cheap.
 */
export function* coveringKeys(host: HostPattern): Generator<string> {
  yield ownKey(host);
  if (host.kind === 'prefix') {
    for (let length = host.prefix.length - 1; length >= 0; length -= 1) yield prefixKey(host.prefix, length);
    return;
  }
  if (host.kind === 'any-name') return;
  for (let dot = host.name.indexOf('.'); dot >= 0; dot = host.name.indexOf('.', dot + 1))
    yield `*.${host.name.slice(dot + 1)}`;
  yield '*';
}

/** The key of a host pattern by itself: `example.com`, `*.example.com`, `*`, `4/24/3405803776`. */
export function ownKey(host: HostPattern): string {
  switch (host.kind) {
    case 'name':
      return host.name;
    case 'below':
      return `*.${host.name}`;
    case 'any-name':
      return '*';
    case 'prefix':
      return prefixKey(host.prefix, host.prefix.length);
    default:
      return host satisfies never;
  }
}

function prefixKey(prefix: IpPrefix, length: number): string {
  let key = `${prefix.first.family}/${length}/`;
  for (const [index, word] of prefix.first.words.entries()) {
    const bits = Math.min(32, Math.max(0, length - index * 32));
    key += `${bits === 0 ? 0 : (word & (-1 << (32 - bits))) >>> 0}.`;
  }
  return key;
}

/** Whether two lists of ports have one in common. */
export function portsMeet(left: readonly PortRange[], right: readonly PortRange[]): boolean {
  return left.some((a) => right.some((b) => a.first <= b.last && b.first <= a.last));
}

/** Whether every port of `inner` is one of `outer`; both are merged, so one range must hold each. */
export function portsInclude(outer: readonly PortRange[], inner: readonly PortRange[]): boolean {
  return inner.every((b) => outer.some((a) => a.first <= b.first && b.last <= a.last));
}
