import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type Fault, failed, fault, nearestWord, ok, quoteInput, type Result } from '../base/index.ts';
import { type IpPrefix, ipAddressFromWords, parseIpPrefix } from '../destination/index.ts';
import type { ThroughAddress } from './lake.ts';

/** Kinds of an inventory's services. `proxy` and `resolver` stand for others; what they do themselves is no service's flow. */
export const inventoryKinds = ['app', 'build', 'operator', 'agent', 'proxy', 'resolver'] as const;

/** Addresses that belonged to a service for a time; epoch milliseconds, null is open. */
export interface InventorySource {
  readonly prefix: IpPrefix;
  readonly fromMs: number | null;
  readonly untilMs: number | null;
}

/** One service of the inventory: who had which address, when. */
export interface InventoryService {
  readonly name: string;
  readonly owner: string | null;
  readonly kind: (typeof inventoryKinds)[number] | null;
  readonly sources: readonly InventorySource[];
}

/** Who had which address, as `inventory:` of the configuration names it. */
export interface Inventory {
  readonly services: readonly InventoryService[];
}

/** An inventory that names nobody. */
export const emptyInventory: Inventory = { services: [] };

/**
 * Reads the inventory file: `services: [{ name, owner, kind, sources: [{ cidr, from, until }] }]`; owner, kind, from and until may be left
 * out. Fault: `inventory_invalid`, with file, line and column; the first one that is found.
 */
export function parseInventory(text: string, file: string): Result<Inventory, Fault<'inventory_invalid'>> {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, strict: true, stringKeys: true });
  const reader = new InventoryReader(file, counter);
  const [error] = document.errors;
  if (error !== undefined) return failed(reader.complain(error.pos[0], error.message.split('\n', 1)[0] ?? ''));
  const services = document.contents === null ? [] : reader.services(document.contents);
  return reader.fault === null ? ok({ services }) : failed(reader.fault);
}

/** Prefixes of more addresses than this are no proxy but a network that one is in. */
const mostPassedAddresses = 256;

/** The addresses of an inventory's proxies and resolvers, whenever they had them; of prefixes of at most 256 addresses. */
export function throughAddresses({ services }: Inventory): readonly ThroughAddress[] {
  const found = new Map<string, ThroughAddress>();
  for (const { kind, sources } of services) {
    if (kind !== 'proxy' && kind !== 'resolver') continue;
    for (const { prefix } of sources) {
      for (const address of addressesIn(prefix)) found.set(address, { address, role: kind });
    }
  }
  return [...found.values()];
}

function addressesIn({ first, length }: IpPrefix): readonly string[] {
  const count = 2 ** (first.words.length * 32 - length);
  if (count > mostPassedAddresses) return [];
  const head = first.words.slice(0, -1);
  const last = first.words.at(-1) ?? 0;
  return Array.from({ length: count }, (_, offset) => ipAddressFromWords([...head, last + offset]).text);
}

const serviceKeys = ['name', 'owner', 'kind', 'sources'] as const;
const sourceKeys = ['cidr', 'from', 'until'] as const;

/** Reads nodes and keeps the first fault; what it gives after one is not used. */
class InventoryReader {
  readonly #file: string;
  readonly #counter: LineCounter;
  fault: Fault<'inventory_invalid'> | null = null;

  constructor(file: string, counter: LineCounter) {
    this.#file = file;
    this.#counter = counter;
  }

  complain(offset: number, message: string): Fault<'inventory_invalid'> {
    const { line, col } = this.#counter.linePos(offset);
    return fault('inventory_invalid', `${this.#file}:${Math.max(1, line)}:${Math.max(1, col)}: ${message}`);
  }

  services(root: Node): readonly InventoryService[] {
    const { services } = this.#fields(root, ['services']);
    return this.#items(services ?? null, '`services` is a list').map((node) => this.#service(node));
  }

  #service(node: Node): InventoryService {
    const fields = this.#fields(node, serviceKeys);
    const kind = this.#text(fields['kind'] ?? null);
    if (kind !== null && !inventoryKinds.some((one) => one === kind)) {
      this.#refuse(fields['kind'] ?? node, `kind ${quoteInput(kind)} is not known: write ${inventoryKinds.join(', ')}`);
    }
    const name = this.#text(fields['name'] ?? null);
    if (name === null) this.#refuse(node, 'a service needs a `name`');
    const sources = this.#items(fields['sources'] ?? null, '`sources` is a list').map((one) => this.#source(one));
    return {
      name: name ?? '',
      owner: this.#text(fields['owner'] ?? null),
      kind: kind as InventoryService['kind'],
      sources,
    };
  }

  #source(node: Node): InventorySource {
    const fields = this.#fields(node, sourceKeys);
    const cidr = this.#text(fields['cidr'] ?? null);
    const prefix = parseIpPrefix(cidr ?? '');
    if (!prefix.ok)
      this.#refuse(fields['cidr'] ?? node, cidr === null ? 'a source needs a `cidr`' : prefix.fault.message);
    return {
      prefix: prefix.ok ? prefix.value : unusedPrefix,
      fromMs: this.#instant(fields['from'] ?? null),
      untilMs: this.#instant(fields['until'] ?? null),
    };
  }

  #instant(node: Node | null): number | null {
    const text = this.#text(node);
    if (text === null || node === null) return null;
    const ms = /^\d{4}-\d\d-\d\d(?:[T ].*(?:Z|[+-]\d\d:?\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(ms))
      this.#refuse(node, `${quoteInput(text)} is no time: write \`2026-11-01\` (UTC) or \`2026-11-01T08:00:00Z\``);
    return ms;
  }

  #fields(node: Node, known: readonly string[]): Readonly<Record<string, Node>> {
    if (!isMap(node)) {
      this.#refuse(node, `a mapping of ${known.join(', ')} is expected here`);
      return {};
    }
    const fields: Record<string, Node> = {};
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (!known.includes(name)) this.#refuse(isScalar(key) ? key : node, unknownKey(name, known));
      else if (value !== null) fields[name] = value as Node;
    }
    return fields;
  }

  #items(node: Node | null, message: string): readonly Node[] {
    if (node === null || (isScalar(node) && node.value === null)) return [];
    if (isSeq(node)) return node.items as readonly Node[];
    this.#refuse(node, message);
    return [];
  }

  #text(node: Node | null): string | null {
    if (node === null || !isScalar(node) || node.value === null) return null;
    return String(node.source ?? node.value);
  }

  #refuse(node: Node, message: string): void {
    this.fault ??= this.complain(node.range?.[0] ?? 0, message);
  }
}

function unknownKey(name: string, known: readonly string[]): string {
  const near = nearestWord(name, known);
  return `key ${quoteInput(name)} is not known${near === null ? `: write ${known.join(', ')}` : `: did you mean \`${near}\``}`;
}

const unusedPrefix: IpPrefix = { first: { family: 4, words: [0], text: '0.0.0.0' }, length: 32, text: '0.0.0.0' };
