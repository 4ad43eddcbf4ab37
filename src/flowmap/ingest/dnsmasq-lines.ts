/** What a line of dnsmasq is about. */
export type DnsmasqLine =
  | {
      readonly kind: 'query';
      readonly question: QuestionId;
      readonly name: string;
      readonly type: string;
      readonly client: string;
    }
  | {
      readonly kind: 'answer';
      readonly question: QuestionId;
      readonly source: string;
      readonly name: string;
      readonly value: string;
    }
  | { readonly kind: 'lease'; readonly address: string; readonly holder: string; readonly expires: string | null }
  /** A step on the way to an answer (forwarding, validation): told by its question and its answer. */
  | { readonly kind: 'step' }
  | { readonly kind: 'header' }
  | { readonly kind: 'other' };

/** What `log-queries=extra` puts before a line: the question's number, and who asked. Null without it. */
export type QuestionId = { readonly serial: string; readonly client: string | null } | null;

const tag = /^(dnsmasq(?:-\w+)?|pihole-FTL)(?:\[\d+\])?: (.*)$/s;
/** `42 192.0.2.7/51234 `, with `log-queries=proto` after `UDP ` or `TCP `; questions of dnsmasq itself have no address. */
const extra = /^(?:(?:UDP|TCP) )?(\d+) (?:([0-9a-fA-F:.]+(?:%\S+)?)\/\d+ )?(.*)$/s;
const query = /^query\[([^\]]+)\] (\S+) from (\S+)$/;
const step = /^(?:forwarded|dnssec-\w+\[[^\]]*\]|validation|ipset add|nftset add|nameserver) /;
/** `reply name is value`; what answers is dnsmasq's word, Pi-hole's (`gravity blocked`, `regex denied (CNAME)`) or the path of a hosts file. */
const answer =
  /^(reply|cached|cached-stale|config|DHCP|auth|\/\S+|special domain|Rate-limiting|Pi-hole hostname|blocked upstream with [\w ]+?|(?:gravity|exactly|exact|regex) (?:blocked|denied|blacklisted)(?: \(CNAME\))?) (\S+) is (.+)$/;
/** `DHCPACK(br0) 192.0.2.7 02:00:5e:00:53:01 name`, with `log-dhcp` after a number; also of IPv6, where a DUID stands for the MAC. */
const granted = /^(?:\d+ )?(?:DHCPACK|DHCPREPLY)\(\S+\) (\S+) ([0-9a-f:]{11,})(?: (\S+))?$/i;
const confirmed = /^SLAAC-CONFIRM\(\S+\) (\S+) (\S+)$/;
/** A line of the lease file: `expiry mac address name client-id`; IPv6 has a number in place of the MAC. */
const stored = /^(\d{1,11}) (T?\d+|(?:[0-9a-f]{2}-)?[0-9a-f]{2}(?::[0-9a-f]{2}){5,19}) ([0-9a-f:.]+) (\S+) (\S+)$/i;

/** Reads a line of dnsmasq's log or of its lease file; null for a line that is of neither. */
export function readDnsmasqLine(text: string): DnsmasqLine | null {
  const [, daemon, body = ''] = tag.exec(text) ?? [];
  if (daemon === undefined) return readLeaseFile(text);
  if (daemon === 'dnsmasq-dhcp') return readDhcp(body);
  return daemon === 'dnsmasq' || daemon === 'pihole-FTL' ? readQuestion(body) : { kind: 'other' };
}

function readLeaseFile(text: string): DnsmasqLine | null {
  if (/^duid (?:[0-9a-f]{2}:)+[0-9a-f]{2}$/i.test(text)) return { kind: 'header' };
  const [, expires, hardware = '', address = '', name = '', clientId = ''] = stored.exec(text) ?? [];
  if (expires === undefined) return null;
  const identifier = hardware.includes(':') ? hardware : clientId;
  return { kind: 'lease', address, holder: name === '*' ? identifier : name, expires };
}

function readDhcp(body: string): DnsmasqLine {
  const [, address, hardware = '', name = hardware] = granted.exec(body) ?? [];
  if (address !== undefined) return { kind: 'lease', address, holder: name, expires: null };
  const [, own, host = ''] = confirmed.exec(body) ?? [];
  return own === undefined ? { kind: 'other' } : { kind: 'lease', address: own, holder: host, expires: null };
}

function readQuestion(body: string): DnsmasqLine {
  const [, serial, client = null, rest = ''] = extra.exec(body) ?? [];
  const question = serial === undefined ? null : { serial, client };
  const event = serial === undefined ? body : rest;
  const [, type, asked = '', from = ''] = query.exec(event) ?? [];
  if (type !== undefined) return { kind: 'query', question, type, name: asked, client: from };
  if (step.test(event)) return { kind: 'step' };
  const [, source, name = '', value = ''] = answer.exec(event) ?? [];
  return source === undefined ? { kind: 'other' } : { kind: 'answer', question, source, name, value };
}
