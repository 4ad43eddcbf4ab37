import { z } from 'zod';
import { failed, fault, mostNamePorts, ok, type Result } from '../../base/index.ts';
import { parseIpAddress } from '../../destination/index.ts';
import { addressNumber } from '../kernel/address-number.ts';
import type { TimedEntry } from '../kernel/entry-changes.ts';
import { maxLeases, mostRunLinks, nobodysLease } from '../kernel/kernel-names.ts';
import type { EdgeCount, KernelPlan, KindOfCount, RunLink, ToldEntry } from '../kernel/kernel-plan.ts';
import type { LeaseChange } from '../kernel/lease-text.ts';
import { localPlace, localPlan } from './local-protocol.ts';

// What the helper is told, over a unix socket, one JSON object a line: `{ "id": 7, "ask": "learn", "body": … }`. It holds the privilege, so
// it believes nothing: every field is of a closed form, addresses are read and written anew, and nothing else ever becomes text for nft.

/** What may be asked. */
export type HelperAsk = 'apply' | 'learn' | 'forget' | 'lease' | 'runs' | 'counts' | 'status';

/** A question as it was read. */
export type HelperQuestion =
  | { readonly id: number; readonly ask: 'apply'; readonly body: KernelPlan }
  | { readonly id: number; readonly ask: 'learn'; readonly body: readonly TimedEntry[] }
  | { readonly id: number; readonly ask: 'forget'; readonly body: readonly ToldEntry[] }
  | { readonly id: number; readonly ask: 'lease'; readonly body: LeaseChange }
  | { readonly id: number; readonly ask: 'runs'; readonly body: readonly number[] }
  | { readonly id: number; readonly ask: 'counts'; readonly body: number }
  | { readonly id: number; readonly ask: 'status'; readonly body: null };

/** A part of the answer to `counts`, before its end, which has the rest. `gone`: edges that the kernel forgot. */
export interface CountsPart {
  readonly kind: KindOfCount;
  readonly edges: readonly EdgeCount[];
  readonly isGone: boolean;
}

/** The longest line: a plan of the most entries. */
export const maxLineBytes: number = 64 * 1024 * 1024;

/** The most entries of one `learn` or `forget`. */
export const maxEntriesAtOnce = 1_024;

/** The most edges of a part. */
export const maxEdgesAtOnce = 128;

const maxPlanEntries = 200_000;
const maxServiceId = 2 ** 24 - 1;
const maxToldSeconds = 86_400;
const maxLeaseMs = 86_400_000;

const family = z.union([z.literal(4), z.literal(6)]);
// Both ends of a run are one address in most entries: it is read once. Reading a plan holds up whoever else asks.
let lastRead = { from: '', to: '' };
const address = z
  .string()
  .max(45)
  .transform((text, context) => {
    if (text === lastRead.from) return lastRead.to;
    const parsed = parseIpAddress(text);
    if (parsed.ok) {
      lastRead = { from: text, to: parsed.value.text };
      return lastRead.to;
    }
    context.addIssue({ code: 'custom', message: 'is not an address' });
    return z.NEVER;
  });
const port = z.int().min(1).max(65_535);
const ports = z.strictObject({ from: port, to: port }).refine(({ from, to }) => from <= to, 'ports go backwards');
const serviceId = z.int().min(1).max(maxServiceId);
const protocol = z.enum(['tcp', 'udp']);
const verdict = z.enum(['allow', 'observe']);
const interfaceName = z.string().regex(/^[a-zA-Z0-9_.-]{1,15}$/, 'is not the name of an interface');
const mac = z.string().regex(/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/, 'is not a hardware address in lower case');

const run = { family, from: address, to: address };
const toldEntry = { serviceId, family, address, protocol, ports, verdict };
const told = z.strictObject(toldEntry).refine(isOfItsFamily, 'an address is of another family');
const timed = z
  .strictObject({ ...toldEntry, seconds: z.int().min(1).max(maxToldSeconds) })
  .refine(isOfItsFamily, 'an address is of another family');

const lease = z
  .strictObject({
    ...{ family, address, mac: mac.nullable() },
    tenure: z.int().min(nobodysLease).max(4_294_967_295),
    serviceId: z.int().min(0).max(maxServiceId),
    milliseconds: z.int().min(1).max(maxLeaseMs),
  })
  .refine(isOfItsFamily, 'an address is of another family');
const leases = z.array(lease).max(maxLeases);

const place = z.strictObject({
  inside: z.array(interfaceName).max(64),
  binding: z.enum(['mac', 'path']),
  listenerPort: port,
  namePorts: z.array(port).max(mostNamePorts),
  dnsPort: port.nullable(),
  proxyPort: port.nullable(),
  // 2^32 - 1 is nobody.
  userId: z.int().min(0).max(4_294_967_294),
  guardsRoutes: z.boolean(),
  masquerades: z.boolean(),
  tracksFlows: z.boolean(),
  hasLeases: z.boolean(),
  local: localPlace,
  runs: z
    .array(z.strictObject(run).refine(isRun, 'a run of addresses goes backwards'))
    .max(2)
    .refine(areOfOneFamilyEach, 'a family has two networks'),
});

const runIndex = z
  .int()
  .min(0)
  .max(mostRunLinks - 1);
const runLink = z.strictObject({
  index: runIndex,
  addresses: z
    .array(
      z
        .strictObject({ address, gateway: address })
        .refine((one) => familyOf(one.address) === familyOf(one.gateway), 'an address is of another family')
        .refine((one) => one.address !== one.gateway, 'the address is the one of the gateway'),
    )
    .min(1)
    .max(2)
    .refine(
      (all) => areOfOneFamilyEach(all.map((one) => ({ family: familyOf(one.address) }))),
      'a family has two addresses',
    ),
});

const plan = z.strictObject({
  place,
  sources: list(z.strictObject({ ...run, serviceId }).refine(isRun, 'a run of addresses goes backwards')),
  local: localPlan,
  bindings: list(z.strictObject({ family, address, mac }).refine(isOfItsFamily, 'an address is of another family')),
  open: list(
    z.strictObject({ ...run, serviceId, protocol, ports, verdict }).refine(isRun, 'a run of addresses goes backwards'),
  ),
  closed: list(z.strictObject(run).refine(isRun, 'a run of addresses goes backwards')),
});

const id = z.int().min(0);
const question = z.discriminatedUnion('ask', [
  z.strictObject({ id, ask: z.literal('apply'), body: plan }),
  z.strictObject({ id, ask: z.literal('learn'), body: z.array(timed).max(maxEntriesAtOnce) }),
  z.strictObject({ id, ask: z.literal('forget'), body: z.array(told).max(maxEntriesAtOnce) }),
  z.strictObject({
    ...{ id, ask: z.literal('lease') },
    body: z.strictObject({ isReset: z.boolean(), gone: leases, held: leases }),
  }),
  z.strictObject({ id, ask: z.literal('runs'), body: z.array(runIndex).max(mostRunLinks) }),
  z.strictObject({ id, ask: z.literal('counts'), body: z.int().min(0) }),
  z.strictObject({ id, ask: z.literal('status'), body: z.null() }),
]);

/** Reads one line. Fault: `question_malformed`, with the place that is wrong. */
export function parseQuestion(line: string): Result<HelperQuestion> {
  return read(question, line);
}

/** Reads the line that comes with the network namespace of a run. Fault: `question_malformed`. */
export function parseRunLink(line: string): Result<RunLink> {
  return read(runLink, line);
}

function read<T>(schema: z.ZodType<T>, line: string): Result<T> {
  const parsed = schema.safeParse(parseJson(line));
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  return failed(
    fault(
      'question_malformed',
      `the question is not one: ${where === '' ? '' : `\`${where}\` `}${issue?.message ?? ''}`,
    ),
  );
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function list<T extends z.ZodType>(item: T): z.ZodArray<T> {
  return z.array(item).max(maxPlanEntries);
}

function areOfOneFamilyEach(all: readonly { readonly family: 4 | 6 }[]): boolean {
  return new Set(all.map(({ family }) => family)).size === all.length;
}

function familyOf(text: string): 4 | 6 {
  return text.includes(':') ? 6 : 4;
}

function isOfItsFamily(entry: { readonly family: 4 | 6; readonly address: string }): boolean {
  return familyOf(entry.address) === entry.family;
}

function isRun({ family, from, to }: { readonly family: 4 | 6; readonly from: string; readonly to: string }): boolean {
  if (familyOf(from) !== family || familyOf(to) !== family) return false;
  return from === to || addressNumber(from) <= addressNumber(to);
}
