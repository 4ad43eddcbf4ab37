import type { Entry } from '../../audit/index.ts';
import type { Clock, NewId } from '../../base/index.ts';
import { foldSetupLink, type Ledger, type SetupLink, setupLinkMs } from '../../exceptions/index.ts';
import type { ActDesk } from './desk/act-desk.ts';
import { makeSecret } from './secrets.ts';

/** A founding link that was just made: the secret is told this once. */
export interface FoundingLink {
  readonly role: SetupLink['role'];
  /** `<id>.<secret>`: what stands after `#` in the link. */
  readonly secret: string;
}

/** What founding works with. */
export interface FoundingOptions {
  readonly ledger: Ledger;
  readonly desk: ActDesk;
  readonly clock: Clock;
  readonly newId: NewId;
}

// After that nobody who reaches the terminal becomes an approver by a link that nobody claimed.
const foundingDays = 7;

/**
 * Makes the founding links that are missing: at the first start one each for the first admin, approver and security; later those that were never
 * claimed, for a week. Two people who are not linked must exist before anything can be approved, and a third before it can be reviewed.
 */
export async function makeFoundingLinks(options: FoundingOptions): Promise<readonly FoundingLink[]> {
  const { ledger, desk, clock, newId } = options;
  const links = await readLinks(ledger);
  const first = Math.min(...links.map(({ createdAtMs }) => createdAtMs));
  const nowMs = clock.now();
  const made: FoundingLink[] = [];
  for (const role of ['admin', 'approver', 'security'] as const) {
    const own = links.filter((link) => link.role === role);
    const isClaimed = own.some(({ usedAtMs }) => usedAtMs !== null);
    const isLate = role !== 'admin' && links.length > 0 && nowMs > first + foundingDays * 86_400_000;
    if (isClaimed || isLate) continue;
    const { text, hash } = makeSecret();
    const id = newId(nowMs);
    const command = { kind: 'offer_setup', id, role, secretHash: hash, expiresAtMs: nowMs + setupLinkMs } as const;
    const offered = await desk.actOnPeople({ id, command, actor: { kind: 'system', part: 'setup' } });
    if (offered.ok) made.push({ role, secret: `${id}.${text}` });
  }
  return made;
}

/** A founding link by its id; null for none. */
export async function readSetupLink(ledger: Ledger, id: string): Promise<SetupLink | null> {
  return foldSetupLink(await ledger.entriesOf(`setup/${id}`));
}

// Three are made at a start and few starts are without people, so all of them are read.
const mostLinks = 1_000;

async function readLinks(ledger: Ledger): Promise<readonly SetupLink[]> {
  const entries = await ledger.entries({ actionPrefix: 'setup.', after: null, order: 'oldest', most: mostLinks });
  const bySubject = Map.groupBy(entries, ({ subject }: Entry) => subject);
  return [...bySubject.values()].flatMap((own) => foldSetupLink(own) ?? []);
}
