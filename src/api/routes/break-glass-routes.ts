import { z } from 'zod';
import type { Actor } from '../../audit/index.ts';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { BreakGlassKey, ExceptionSpec } from '../../exceptions/index.ts';
import type { Answered, Handlers } from '../call.ts';
import type { Endpoints, ExceptionAnswer } from '../contract/index.ts';
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

/** The handlers of break-glass: a signature of an enrolled key, and never a token. */
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
    'the signature is not that of an enrolled key of an active person over a fresh document, ask for a new challenge',
  ),
);

async function declare(
  ports: ApiPorts,
  nonces: Nonces,
  sent: { readonly key: string; readonly document: string; readonly signature: string },
): Promise<Result<Answered<ExceptionAnswer>>> {
  const key = ports.directory().keys.get(sent.key);
  const document = readDocument(sent.document);
  if (key === undefined || document === null || !isSigned(ports, key, sent)) return refused;
  // Spent only by its own key: whoever sees a nonce cannot use it up.
  if (document.key !== key.id || !nonces.spend(document.nonce, key.id, ports.clock.now())) return refused;
  const facts = await ports.factsOf({ service: document.service, to: document.to, via: [] });
  // A service that the policy does not have has no owner; it is refused by its own name, and not for that.
  const owner = (facts.ok ? facts.value.service?.owner : undefined) ?? 'nobody';
  const id = ports.newId(ports.clock.now());
  const actor: Actor = { kind: 'person', id: key.person, via: 'key', credential: key.id };
  const command = { kind: 'declare', id, spec: toSpec(document, { owner, person: key.person }) } as const;
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

function isSigned(
  ports: ApiPorts,
  key: BreakGlassKey,
  { document, signature }: { readonly document: string; readonly signature: string },
): boolean {
  if (key.revokedAtMs !== null) return false;
  const bytes = new TextEncoder().encode(`exeat-break-glass-v1\n${document}`);
  return ports.verifySignature(key.publicKey, bytes, signature);
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
