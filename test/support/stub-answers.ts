import { isIPv6 } from 'node:net';
import type { Answer } from 'dns-packet';
import {
  rebindAddresses,
  type ServiceBinding,
  type StubBehaviour,
  type StubContent,
  type StubLie,
  type StubRcode,
} from './stub-behaviour.ts';
import { spellName } from './stub-bombs.ts';

/** What is answered, before it is written: sections and response code. */
export interface StubDraft {
  readonly rcode: StubRcode;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
}

/** A question for a behaviour: `name` is lower case, `turn` counts this name and type from 0, `owner` is the row that matched. */
export interface StubTurn {
  readonly name: string;
  readonly type: string;
  readonly turn: number;
  readonly owner: string;
}

const defaultTtlSeconds = 300;
const textChunkBytes = 255;
const documentationBlocks = ['192.0.2', '198.51.100', '203.0.113'];

/** The sections that a behaviour comes to. Silence and bombs have none, their sender treats them. */
export function draftAnswer(behaviour: StubBehaviour, asked: StubTurn): StubDraft {
  const ttlSeconds = behaviour.ttlSeconds ?? defaultTtlSeconds;
  const answers = recordsOf(behaviour, asked, ttlSeconds);
  const rcode = behaviour.does === 'rcode' ? behaviour.rcode : 'NOERROR';
  const isEmptyByRight = answers.length === 0 && (rcode === 'NOERROR' || rcode === 'NXDOMAIN');
  const draft = {
    rcode,
    answers,
    authorities: isEmptyByRight ? [soaAbove(asked.name, ttlSeconds)] : [],
    additionals: [],
  };
  return behaviour.lie === 'extra' ? withExtra(draft, ttlSeconds) : draft;
}

/** The question as the answer repeats it: as it was sent, or as the lie has it. */
export function repeatQuestion(
  lie: StubLie | undefined,
  question: { readonly spelling: string; readonly type: string },
): { readonly name: string; readonly type: string; readonly class: 'IN' | 'CH' } {
  const { spelling, type } = question;
  return {
    name: lie === 'question' ? `other-${spelling}` : lie === 'case' ? turnCase(spelling) : spelling,
    type: lie !== 'type' ? type : type === 'A' ? 'AAAA' : 'A',
    class: lie === 'class' ? 'CH' : 'IN',
  };
}

function recordsOf(behaviour: StubContent, asked: StubTurn, ttlSeconds: number): readonly Answer[] {
  const { name, type } = asked;
  switch (behaviour.does) {
    case 'addresses':
      return addressRecords(name, type, behaviour.addresses, ttlSeconds);
    case 'flip':
      return oneOf(behaviour.addresses, asked, ttlSeconds);
    case 'many':
      return addressRecords(name, type, manyAddresses(type, behaviour.count), ttlSeconds);
    case 'rebind':
      return rebound(behaviour, asked, ttlSeconds);
    case 'big':
      return type === 'TXT'
        ? [{ type: 'TXT', name, data: textChunks(behaviour.bytes), ttl: ttlSeconds, class: 'IN' }]
        : [];
    case 'service':
      return serviceRecords(behaviour, asked, ttlSeconds);
    case 'rcode':
    case 'bomb':
    case 'silence':
      return [];
    default:
      return aliasRecords(behaviour, asked, ttlSeconds);
  }
}

type AliasContent = Extract<StubContent, { readonly does: 'alias' | 'chain' | 'loop' | 'dname' | 'two_aliases' }>;

function aliasRecords(behaviour: AliasContent, { name, type, owner }: StubTurn, ttlSeconds: number): readonly Answer[] {
  switch (behaviour.does) {
    case 'alias':
      return [aliasRecord(name, behaviour.target, ttlSeconds)];
    case 'chain': {
      const end = behaviour.links === 0 ? name : `link-${behaviour.links}.${name}`;
      return [
        ...links(name, behaviour.links, ttlSeconds),
        ...addressRecords(end, type, behaviour.addresses, ttlSeconds),
      ];
    }
    case 'loop': {
      const last = behaviour.links <= 1 ? name : `link-${behaviour.links - 1}.${name}`;
      return [...links(name, behaviour.links - 1, ttlSeconds), aliasRecord(last, name, ttlSeconds)];
    }
    case 'two_aliases':
      return [
        ...behaviour.targets.map((target) => aliasRecord(name, target, ttlSeconds)),
        ...behaviour.targets.flatMap((target) => addressRecords(target, type, behaviour.addresses, ttlSeconds)),
      ];
    case 'dname': {
      const dname: Answer = { type: 'DNAME', name: owner, data: behaviour.target, ttl: ttlSeconds, class: 'IN' };
      if (name === owner) return type === 'DNAME' ? [dname] : [];
      const moved = `${name.slice(0, -owner.length)}${behaviour.target}`;
      return [
        dname,
        aliasRecord(name, moved, ttlSeconds),
        ...addressRecords(moved, type, behaviour.addresses, ttlSeconds),
      ];
    }
  }
}

function links(name: string, count: number, ttlSeconds: number): readonly Answer[] {
  return Array.from({ length: Math.max(0, count) }, (_, at) =>
    aliasRecord(at === 0 ? name : `link-${at}.${name}`, `link-${at + 1}.${name}`, ttlSeconds),
  );
}

function aliasRecord(name: string, data: string, ttlSeconds: number): Answer {
  return { type: 'CNAME', name, data, ttl: ttlSeconds, class: 'IN' };
}

function addressRecords(
  name: string,
  type: string,
  addresses: readonly string[],
  ttlSeconds: number,
): readonly Answer[] {
  return ofType(addresses, type).map((data) => ({
    type: isIPv6(data) ? 'AAAA' : 'A',
    name,
    data,
    ttl: ttlSeconds,
    class: 'IN',
  }));
}

function ofType(addresses: readonly string[], type: string): readonly string[] {
  return addresses.filter((address) => type === 'ANY' || type === (isIPv6(address) ? 'AAAA' : 'A'));
}

function oneOf(addresses: readonly string[], { name, type, turn }: StubTurn, ttlSeconds: number): readonly Answer[] {
  const own = ofType(addresses, type);
  const chosen = own[turn % Math.max(1, own.length)];
  return chosen === undefined ? [] : addressRecords(name, type, [chosen], ttlSeconds);
}

function rebound(
  { to, first }: Extract<StubContent, { readonly does: 'rebind' }>,
  { name, type, turn }: StubTurn,
  ttlSeconds: number,
): readonly Answer[] {
  const addresses = first !== undefined && turn === 0 ? [first] : rebindAddresses[to];
  return addressRecords(name, type, addresses, ttlSeconds);
}

/** A has only 762 addresses to give that no one owns (RFC 5737); past them it is the caller's mistake. */
function manyAddresses(type: string, count: number): readonly string[] {
  if (type === 'AAAA') return Array.from({ length: count }, (_, at) => `2001:db8::${(at + 1).toString(16)}`);
  if (count > documentationBlocks.length * 254) throw new TypeError('"count" is past the 762 addresses of RFC 5737');
  return Array.from({ length: count }, (_, at) => `${documentationBlocks[Math.floor(at / 254)]}.${(at % 254) + 1}`);
}

function textChunks(bytes: number): string[] {
  return Array.from({ length: Math.ceil(bytes / textChunkBytes) }, (_, at) =>
    'x'.repeat(Math.min(textChunkBytes, bytes - at * textChunkBytes)),
  );
}

function serviceRecords(behaviour: ServiceBinding, { name, type }: StubTurn, ttlSeconds: number): readonly Answer[] {
  if (type !== 'HTTPS' && type !== 'SVCB') return addressRecords(name, type, behaviour.addresses ?? [], ttlSeconds);
  const unknown = {
    type: type === 'HTTPS' ? 'UNKNOWN_65' : 'UNKNOWN_64',
    name,
    data: spellService(behaviour),
    ttl: ttlSeconds,
  };
  // The library writes such types as they come, but its declarations do not know them.
  return [{ ...unknown, class: 'IN' } as unknown as Answer];
}

/** The data of RFC 9460 section 2.2; keys stand in rising order. */
function spellService({ priority, target, alpn, ipv4hint, ipv6hint, ech }: ServiceBinding): Buffer {
  const parameters = [
    parameter(1, alpn && Buffer.concat(alpn.map((id) => Buffer.from(`${String.fromCharCode(id.length)}${id}`)))),
    parameter(4, ipv4hint && Buffer.concat(ipv4hint.map((text) => Buffer.from(text.split('.').map(Number))))),
    parameter(5, ech),
    parameter(6, ipv6hint && Buffer.concat(ipv6hint.map(addressBytes))),
  ];
  return Buffer.concat([shortOf(priority), spellName(target), ...parameters]);
}

function parameter(key: number, value: Uint8Array | undefined): Uint8Array {
  return value === undefined ? Buffer.alloc(0) : Buffer.concat([shortOf(key), shortOf(value.length), value]);
}

function shortOf(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** The 16 bytes of an IPv6 address without a dotted part. */
function addressBytes(text: string): Buffer {
  const [head = '', tail] = text.split('::');
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '');
  const [left, right] = [groups(head), groups(tail ?? '')];
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return Buffer.concat([...left, ...middle, ...right].map((group) => shortOf(Number.parseInt(group, 16))));
}

function soaAbove(name: string, minimum: number): Answer {
  const zone = name.split('.').slice(-2).join('.');
  const data = {
    ...{ mname: `ns.${zone}`, rname: `admin.${zone}`, serial: 1, refresh: 60, retry: 60, expire: 60 },
    minimum,
  };
  return { type: 'SOA', name: zone, data, ttl: minimum, class: 'IN' };
}

/** Records about names that were not asked for, in every section, as an authority sends that wants to be believed for others. */
function withExtra(draft: StubDraft, ttlSeconds: number): StubDraft {
  const other = 'bank.example.net';
  const address: Answer = { type: 'A', name: other, data: '198.51.100.66', ttl: ttlSeconds, class: 'IN' };
  const server: Answer = { type: 'NS', name: 'example.net', data: other, ttl: ttlSeconds, class: 'IN' };
  return {
    ...draft,
    answers: [...draft.answers, address],
    authorities: [...draft.authorities, server],
    additionals: [...draft.additionals, address],
  };
}

function turnCase(text: string): string {
  return text.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}
