import { z } from 'zod';
import type { Actor } from '../../audit/index.ts';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Confirmation, ExceptionSpec } from '../../exceptions/index.ts';
import type { Answered, Handlers } from '../call.ts';
import type { AssertionBody, Endpoints, ExceptionAnswer } from '../contract/index.ts';
import type { ApiPorts } from './api-ports.ts';
import { showActed } from './exception-routes.ts';
import { instant } from './instants.ts';
import { createNonces, type Nonces } from './nonces.ts';

/** What somebody signs: canonical JSON, keys sorted, no spaces. `for` is in seconds. */
const documentSchema = z.strictObject({
  for: z.int().min(1).max(3600),
  key: z.string(),
  nonce: z.string(),
  reason: z.string().max(500),
  service: z.string().max(128),
  to: z.string().max(512),
});

type BreakGlassDocument = z.output<typeof documentSchema>;

/** The handlers of break-glass: a signature of an enrolled key or passkey, and never a token. */
export function breakGlassRoutes(
  ports: ApiPorts,
): Pick<Handlers<Endpoints>, 'challengeBreakGlass' | 'declareBreakGlass'> {
  const nonces = createNonces();
  return {
    challengeBreakGlass: async ({ body }) => {
      const nowMs = ports.clock.now();
      // Told for any id, known or not: who is enrolled is nobody's business.
      const { nonce, untilMs } = nonces.make(body.key, nowMs);
      return ok({ body: { nonce, expiresAt: instant(untilMs) } });
    },
    declareBreakGlass: ({ body }) => declare(ports, nonces, body),
  };
}

const refused: Result<never> = failed(
  fault(
    'break_glass_not_enrolled',
    'the signature is not that of an enrolled key or passkey of an active person over a fresh document, ask for a new challenge',
  ),
);

async function declare(
  ports: ApiPorts,
  nonces: Nonces,
  sent: SentDeclaration,
): Promise<Result<Answered<ExceptionAnswer>>> {
  const document = readDocument(sent.document);
  const signer = document === null ? null : await findSigner(ports, sent);
  if (document === null || signer === null) return refused;
  // Spent only by its own key: whoever sees a nonce cannot use it up.
  if (document.key !== sent.key || !nonces.spend(document.nonce, sent.key, ports.clock.now())) return refused;
  const facts = await ports.factsOf({ service: document.service, to: document.to, via: [] });
  // A service that the policy does not have has no owner; it is refused by its own name, and not for that.
  const owner = (facts.ok ? facts.value.service?.owner : undefined) ?? 'nobody';
  const id = ports.newId(ports.clock.now());
  const { actor, confirmation } = signer;
  const command = { kind: 'declare', id, spec: toSpec(document, { owner, person: actor.id }), confirmation } as const;
  return showActed(ports, { id, command, actor, ifMatch: null, once: null });
}

function readDocument(text: string): BreakGlassDocument | null {
  try {
    const parsed = documentSchema.safeParse(JSON.parse(text));
    if (!parsed.success) return null;
    // One document has one spelling: what was signed is what is read.
    const sorted = Object.fromEntries(Object.entries(parsed.data).sort(([a], [b]) => (a < b ? -1 : 1)));
    return JSON.stringify(sorted) === text ? parsed.data : null;
  } catch {
    return null;
  }
}

/** What is sent: by a key its signature, by a passkey what the browser answered. */
interface SentDeclaration {
  readonly key: string;
  readonly document: string;
  readonly signature?: string | undefined;
  readonly assertion?: AssertionBody | undefined;
}

/** Whoever declares, by what they signed with. */
interface Signer {
  readonly actor: Extract<Actor, { kind: 'person' }>;
  readonly confirmation: Confirmation | null;
}

async function findSigner(ports: ApiPorts, sent: SentDeclaration): Promise<Signer | null> {
  const bytes = new TextEncoder().encode(`exeat-break-glass-v1\n${sent.document}`);
  return sent.assertion === undefined
    ? findByKey(ports, sent, bytes)
    : findByPasskey(ports, { ...sent, assertion: sent.assertion }, bytes);
}

function findByKey(ports: ApiPorts, { key: id, signature = '' }: SentDeclaration, bytes: Uint8Array): Signer | null {
  const key = ports.directory().keys.get(id);
  if (key === undefined || key.revokedAtMs !== null) return null;
  if (!ports.verifySignature(key.publicKey, bytes, signature)) return null;
  return { actor: { kind: 'person', id: key.person, via: 'key', credential: key.id }, confirmation: null };
}

/** The challenge of a passkey is the SHA-256 of what a key would sign. Whether it is enrolled is decided with the act. */
async function findByPasskey(
  ports: ApiPorts,
  { key: id, assertion }: SentDeclaration & { readonly assertion: AssertionBody },
  bytes: Uint8Array,
): Promise<Signer | null> {
  const passkey = ports.directory().passkeys.get(id);
  if (passkey === undefined || passkey.removedAtMs !== null) return null;
  const challenge = Buffer.from(ports.digest(bytes)).toString('base64url');
  const verified = await ports.passkeys.verifyAssertion(assertion, passkey, challenge);
  if (!verified.ok) return null;
  return {
    actor: { kind: 'person', id: passkey.person, via: 'passkey', credential: id },
    confirmation: { kind: 'passkey', id, signCount: verified.value.signCount },
  };
}

function toSpec(
  { service, to, reason, for: seconds }: BreakGlassDocument,
  { owner, person }: { readonly owner: string; readonly person: string },
): ExceptionSpec {
  return {
    relaxes: 'reach',
    ...{ service, to, reason, owner },
    identity: null,
    via: [],
    durationMs: seconds * 1_000,
    startAtMs: null,
    bytesUp: null,
    bytesDown: null,
    beneficiary: person,
    ticket: null,
    extends: null,
    denial: null,
  };
}
