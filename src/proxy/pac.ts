import type { IpPrefix } from '../destination/index.ts';
import type { SegmentSummary } from '../policy/index.ts';

/**
 * The PAC file for a client that reached the proxy at `authority` (`192.0.2.1:3128`): everything goes through the proxy but what is
 * written as an address inside a segment. Never `DIRECT` as a fallback, no names, no rules: it tells nothing about the policy.
 */
export function pacScript(authority: string, segments: readonly SegmentSummary[]): string {
  const tests = segments.flatMap((segment) => segment.ranges.filter(isIpv4).map(testOf));
  // Only a host that is written as an address is looked at, so that the browser asks no DNS server about anything.
  const inside =
    tests.length === 0
      ? ''
      : `  if (/^\\d+\\.\\d+\\.\\d+\\.\\d+$/.test(host) && (\n    ${tests.join(' ||\n    ')}\n  )) return "DIRECT";\n`;
  return `function FindProxyForURL(url, host) {\n${inside}  return "PROXY ${authority}";\n}\n`;
}

function isIpv4(prefix: IpPrefix): boolean {
  return prefix.first.family === 4;
}

function testOf(prefix: IpPrefix): string {
  const mask = prefix.length === 0 ? 0 : (0xffffffff << (32 - prefix.length)) >>> 0;
  const dotted = [24, 16, 8, 0].map((shift) => (mask >>> shift) & 255).join('.');
  return `isInNet(host, "${prefix.first.text}", "${dotted}")`;
}
