import { findLogFormat, LogLine } from '../../src/flowmap/index.ts';
import { type Collected, collectObservations, readFixture } from './collect-observations.ts';

/** Lines of a format that must come to the same wherever a file is cut between them. */
export interface SplitCase {
  readonly format: string;
  readonly fixture: string;
  readonly lines: readonly string[];
  /** The fields, where a definition or a header line names them that a part may have lost: `--format 'aws-vpc=…'`. Null: a part needs none. */
  readonly grammar: string | null;
}

/**
 * What hangs on an earlier line and cannot be told without it, by format, with the lines of the fixtures that are left out for it. The list
 * of the guide (`docs/guide/flow-map.md`, where logs may be cut) says the same to people.
 */
export const linesThatHangOnOthers: Readonly<Record<string, RegExp>> = {
  // Each time that accounting exports a record again, its bytes are those so far.
  checkpoint: /loguid:"\{0x6a,0x0,0xaa,0xbb\}"/,
  // The end of a connection counts it where its beginning is not in the log.
  conntrack: /sport=5200[0-9]|sport=40002/,
  // Answers are lines of their own: see the test of dnsmasq's parts.
  dnsmasq: /dnsmasq\[\d+\]/,
  // Records of old versions tell bytes so far, and do not say whose.
  exeat: /"kind":"(?:progress|close)"(?!.*"share")/,
  // Ends of old versions do not say who asked for what.
  smokescreen: /CN-CLOSE(?!.*"requested_host")/,
  // Suricata 4 wrote a line for each record of an answer.
  suricata: /"flow_id":22\b/,
};

const fixtures: readonly (readonly [format: string, fixture: string])[] = [
  ['aws-network-firewall', 'aws-network-firewall.log'],
  ['aws-tgw', 'aws-tgw.log'],
  ['aws-vpc', 'aws-vpc.log'],
  ['azure-firewall', 'azure-firewall.log'],
  ['azure-flow', 'azure-flow.log'],
  ['bind', 'bind.log'],
  ['bind', 'bind-infoblox.log'],
  ['checkpoint', 'checkpoint.log'],
  ['cloudflare-gateway', 'cloudflare-gateway.ndjson'],
  ['conntrack', 'conntrack.log'],
  ['coredns', 'coredns.log'],
  ['dnsmasq', 'dnsmasq.leases'],
  ['envoy', 'envoy.log'],
  ['exeat', 'exeat.ndjson'],
  ['fortigate', 'fortigate.log'],
  ['gcp', 'gcp.log'],
  ['goflow2', 'goflow2.log'],
  ['haproxy', 'haproxy.log'],
  ['harden-runner', 'harden-runner.log'],
  ['hubble', 'hubble.log'],
  ['netfilter', 'netfilter.log'],
  ['ocsf', 'ocsf.log'],
  ['paloalto', 'paloalto.log'],
  ['route53-resolver', 'route53-resolver.log'],
  ['smokescreen', 'smokescreen.log'],
  ['squid', 'squid.log'],
  ['suricata', 'suricata.log'],
  ['sysmon', 'sysmon.log'],
  ['umbrella', 'umbrella.csv'],
  ['unbound', 'unbound.log'],
  ['zeek', 'zeek-json.log'],
  ['zscaler', 'zscaler.ndjson'],
];

const nginxFormat = `log_format egress '$remote_addr [$time_local] $protocol $status $bytes_sent $bytes_received '
                                  '$session_time "$ssl_preread_server_name" "$upstream_addr"';`;
const zscalerTemplate =
  '%s{time}\\t%s{elogin}\\t%s{cip}\\t%s{ehost}\\t%s{sip}\\t%s{proto}\\t%s{action}\\t%d{reqsize}\\t%d{respsize}\\n';

/** Every log format that is registered, by its fixtures. */
export const splitCases: readonly SplitCase[] = [
  ...fixtures.map(([format, fixture]) => ({ format, fixture, lines: linesOf(format, fixture), grammar: null })),
  headed('aws-vpc', 'aws-vpc-athena.csv', linesOf('aws-vpc', 'aws-vpc-athena.csv')),
  // One header each: the fixture has another below, and rows of it.
  headed('aws-vpc', 'aws-vpc-custom.log', linesOf('aws-vpc', 'aws-vpc-custom.log').slice(0, 11)),
  headed('zeek', 'zeek.log', linesOf('zeek', 'zeek.log').slice(0, 22)),
  defined('nginx-stream', 'nginx-stream.log', nginxFormat),
  defined('zscaler', 'zscaler-template.log', zscalerTemplate),
];

/** Reads lines of a case as ingest reads them: out of their envelopes, by a parser of their own. */
export function collectCase({ format, grammar }: SplitCase, lines: readonly string[]): Collected {
  return collectObservations(format, lines.join('\n'), grammar === null ? {} : { grammar });
}

function defined(format: string, fixture: string, grammar: string): SplitCase {
  return { format, fixture, lines: linesOf(format, fixture), grammar };
}

function headed(format: string, fixture: string, lines: readonly string[]): SplitCase {
  return { format, fixture, lines, grammar: grammarOf(format, lines) };
}

/** What a format learns from the head of a source, envelopes aside. */
export function grammarOf(format: string, lines: readonly string[]): string | null {
  return findLogFormat(format)?.learn(lines.map((line) => LogLine.of(line))) ?? null;
}

function linesOf(format: string, fixture: string): readonly string[] {
  const leftOut = linesThatHangOnOthers[format];
  return readFixture(fixture)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && leftOut?.test(line) !== true);
}
