import {
  type Destination,
  hostText,
  isBelow,
  portsCover,
  portsText,
  prefixContains,
  type Target,
} from '../../destination/index.ts';

/** How far a target is from covering a destination, in words; `distance` 0 is covered, larger is farther. */
export interface NearMiss {
  readonly distance: number;
  readonly why: string;
}

const far = 100;

/** Compares one target with a destination: the host first, then the port, then the protocol. */
export function nearMiss(target: Target, destination: Destination): NearMiss {
  const host = hostMiss(target, destination);
  if (host !== null) return host;
  if (!portsCover(target.ports, destination.port)) {
    return { distance: 1, why: `port \`${destination.port}\` is not in \`${portsText(target.ports)}\`` };
  }
  return protocolMiss(target, destination) ?? { distance: 0, why: 'it covers this destination' };
}

function hostMiss(target: Target, { host }: Destination): NearMiss | null {
  const asked = hostText(host);
  switch (target.host.kind) {
    case 'any-name':
      return host.kind === 'name' ? null : { distance: 3, why: '`*` covers names only, this is an address' };
    case 'prefix':
      return prefixMiss(
        target.host.prefix.text,
        host.kind === 'address' && prefixContains(target.host.prefix, host.address),
        {
          asked,
          isName: host.kind === 'name',
        },
      );
    case 'name':
      return host.kind === 'name'
        ? nameMiss(target.host.name, asked)
        : { distance: far, why: 'a name does not cover an address' };
    case 'below':
      return host.kind === 'name'
        ? belowMiss(target.host.name, asked)
        : { distance: far, why: 'a name does not cover an address' };
    default:
      return target.host satisfies never;
  }
}

function prefixMiss(
  prefix: string,
  isInside: boolean,
  { asked, isName }: { readonly asked: string; readonly isName: boolean },
): NearMiss | null {
  if (isInside) return null;
  if (isName) return { distance: far, why: `\`${prefix}\` covers requests made by address only` };
  return { distance: 20, why: `\`${asked}\` is not in \`${prefix}\`` };
}

function nameMiss(name: string, asked: string): NearMiss | null {
  if (name === asked) return null;
  if (isBelow(asked, name))
    return { distance: 2, why: `\`${name}\` covers that name only; \`*.${name}\` would cover \`${asked}\`` };
  return { distance: nameDistance(name, asked), why: `\`${name}\` is another name than \`${asked}\`` };
}

function belowMiss(name: string, asked: string): NearMiss | null {
  if (isBelow(asked, name)) return null;
  if (name === asked) return { distance: 2, why: `\`*.${name}\` does not cover the apex \`${asked}\`` };
  return { distance: nameDistance(name, asked) + 1, why: `\`${asked}\` is not below \`${name}\`` };
}

/** Fewer labels in common at the end are farther apart; a typing mistake in one label is near. */
function nameDistance(name: string, asked: string): number {
  const theirs = name.split('.').reverse();
  const ours = asked.split('.').reverse();
  let shared = 0;
  while (shared < theirs.length && theirs[shared] === ours[shared]) shared += 1;
  const left = Math.max(theirs.length, ours.length) - shared;
  return shared < 2 ? far - shared : 10 + left;
}

function protocolMiss(target: Target, destination: Destination): NearMiss | null {
  const { protocol, port } = destination;
  if (protocol === null) {
    if (target.protocol !== 'udp' || port === null) return null;
    return { distance: 1, why: 'the rule is for `udp://`, this is a tunnel' };
  }
  if (protocol === target.protocol) return null;
  return { distance: 1, why: `the rule is for \`${target.protocol}://\`, this is \`${protocol}://\`` };
}
