import { z } from 'zod';
import {
  acts,
  type Endpoint,
  makes,
  type Nothing,
  type Page,
  type PageQuery,
  pageOf,
  pageQuery,
  reads,
  type Scope,
  scopes,
} from './endpoint.ts';
import { type ById, byId, instant, shortName } from './fields.ts';

const tag = 'passkeys';

/** A passkey as the API shows one. `isEnrolled`: its person may declare break-glass by it. */
export interface PasskeyAnswer {
  readonly id: string;
  readonly person: string;
  readonly name: string;
  readonly credentialId: string;
  readonly transports: readonly string[];
  readonly registeredAt: string;
  readonly lastUsedAt: string | null;
  readonly isEnrolled: boolean;
  readonly isLive: boolean;
}

/** What a browser answers when a passkey signs: texts in base64url (WebAuthn `AuthenticationResponseJSON`, as far as it is looked at). */
export interface AssertionBody {
  readonly id: string;
  readonly clientDataJSON: string;
  readonly authenticatorData: string;
  readonly signature: string;
}

/** What a browser answers when a passkey is made: texts in base64url (WebAuthn `RegistrationResponseJSON`, as far as it is looked at). */
export interface RegistrationBody {
  readonly id: string;
  readonly clientDataJSON: string;
  readonly attestationObject: string;
  readonly transports: readonly string[];
}

/** What confirms an act: a passkey or an enrolled key that signed what `challengeConfirmation` told of just this act. */
export type ConfirmationBody =
  | { readonly nonce: string; readonly passkey: string; readonly assertion: AssertionBody }
  | { readonly nonce: string; readonly key: string; readonly signature: string };

/** An act that can be confirmed, by its operation id. */
export const confirmedActs = [
  'approveException',
  'resumeException',
  'acknowledgeBreakGlass',
  'registerPasskey',
  'removePasskey',
] as const;

/** One of {@link confirmedActs}. */
export type ConfirmedAct = (typeof confirmedActs)[number];

/**
 * What is to be signed. `document` is canonical JSON of the act; a key signs `exeat-confirm-v1`, a line feed and the document, a passkey
 * the SHA-256 of that, `challenge`.
 */
export interface ConfirmChallenge {
  readonly nonce: string;
  readonly document: string;
  readonly challenge: string;
  readonly expiresAt: string;
  /** Null where no passkey can be used here. */
  readonly rpId: string | null;
  /** Those of the caller that count. */
  readonly passkeys: readonly PasskeyAnswer[];
}

/** What a browser makes a passkey from. */
export interface PasskeyOffer {
  readonly challenge: string;
  readonly expiresAt: string;
  /** The page that passkeys are made and used at: `https://exeat.example.com`. */
  readonly origin: string;
  readonly rp: { readonly id: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly algorithms: readonly number[];
  /** Credential ids of those that are registered. */
  readonly exclude: readonly string[];
}

const base64url = (most: number): z.ZodType<string> =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[A-Za-z0-9_-]+$/, 'is base64url');

// WebAuthn: at most 1,023 bytes of a credential id.
const credentialId = base64url(1_364);

/** What a browser answers when a passkey signs. */
export const assertionBody: z.ZodType<AssertionBody> = z.strictObject({
  id: credentialId,
  clientDataJSON: base64url(4_096),
  authenticatorData: base64url(2_048),
  signature: base64url(1_024),
});

const registrationBody: z.ZodType<RegistrationBody> = z.strictObject({
  id: credentialId,
  clientDataJSON: base64url(4_096),
  attestationObject: base64url(16_384),
  transports: z
    .array(z.string().regex(/^[a-z-]{1,32}$/))
    .max(8)
    .readonly(),
});

const nonce = z.string().min(1).max(64);

/** What confirms an act; left out for nothing. */
export const confirmation: z.ZodType<ConfirmationBody | undefined> = z
  .union([
    z.strictObject({ nonce, passkey: z.string().min(1).max(128), assertion: assertionBody }),
    z.strictObject({ nonce, key: z.string().min(1).max(128), signature: z.string().min(16).max(256) }),
  ])
  .optional()
  .describe('what confirms it: a passkey or an enrolled key that signed what `POST /confirmations` told');

const passkeySchema: z.ZodType<PasskeyAnswer> = z
  .strictObject({
    id: z.string(),
    person: z.string(),
    name: z.string(),
    credentialId: z.string().describe('how a browser finds it'),
    transports: z.array(z.string()).readonly(),
    registeredAt: instant,
    lastUsedAt: instant.nullable(),
    isEnrolled: z.boolean().describe('whether its person may declare break-glass by it'),
    isLive: z.boolean(),
  })
  .readonly()
  .meta({ id: 'Passkey' });

const challengeSchema: z.ZodType<ConfirmChallenge> = z
  .strictObject({
    nonce: z.string(),
    document: z.string().describe('canonical JSON of the act'),
    challenge: z.string().describe('SHA-256 of `exeat-confirm-v1`, a line feed and the document, base64url'),
    expiresAt: instant,
    rpId: z.string().nullable().describe('null where no passkey can be used here'),
    passkeys: z.array(passkeySchema).readonly(),
  })
  .readonly();

const offerSchema: z.ZodType<PasskeyOffer> = z
  .strictObject({
    challenge: z.string(),
    expiresAt: instant,
    origin: z.string().describe('the page that passkeys are made and used at'),
    rp: z.strictObject({ id: z.string(), name: z.string() }),
    user: z.strictObject({ id: z.string(), name: z.string(), displayName: z.string() }),
    algorithms: z.array(z.int()).readonly(),
    exclude: z.array(z.string()).readonly(),
  })
  .readonly();

const label = z.string().trim().min(1).max(100);

/** Which passkeys are listed. */
export type PasskeyQuery = PageQuery & { readonly person?: string | undefined };

/** What is to be confirmed: an act with the body that it will be sent with. */
export interface ToConfirmBody {
  readonly act: ConfirmedAct;
  /** The id in its path; empty for an act that has none. */
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

type Confirmable = { readonly confirmation?: ConfirmationBody | undefined };

/** The endpoints of passkeys and confirmations, by operation id. */
export interface PasskeyEndpoints {
  readonly listPasskeys: Endpoint<Nothing, PasskeyQuery, Nothing, Page<PasskeyAnswer>>;
  readonly offerPasskey: Endpoint<Nothing, Nothing, Nothing, PasskeyOffer>;
  readonly registerPasskey: Endpoint<
    Nothing,
    Nothing,
    Confirmable & { readonly name: string; readonly challenge: string; readonly credential: RegistrationBody },
    PasskeyAnswer
  >;
  readonly namePasskey: Endpoint<ById, Nothing, { readonly name: string }, PasskeyAnswer>;
  readonly removePasskey: Endpoint<ById, Nothing, Confirmable & { readonly token?: string | undefined }, PasskeyAnswer>;
  readonly enrolPasskey: Endpoint<ById, Nothing, Nothing, PasskeyAnswer>;
  readonly challengeConfirmation: Endpoint<Nothing, Nothing, ToConfirmBody, ConfirmChallenge>;
}

const acting: readonly Scope[] = ['exception:approve', 'exception:request', 'people:write'];

/** The endpoints of passkeys and confirmations. */
export const passkeyEndpoints: PasskeyEndpoints = {
  listPasskeys: reads({
    path: '/passkeys',
    tag,
    summary: 'list passkeys, removed ones too',
    scopes: ['read'],
    query: z.strictObject({ person: shortName.optional(), ...pageQuery }),
    answer: pageOf(passkeySchema),
  }),
  offerPasskey: makes({
    path: '/passkeys/challenge',
    tag,
    summary: 'ask for what a browser makes a passkey from; good for five minutes and once',
    scopes: acting,
    answer: offerSchema,
  }),
  registerPasskey: makes({
    path: '/passkeys',
    tag,
    summary: 'register a passkey of yours; a further one is confirmed by one that is there, or by an enrolled key',
    scopes: acting,
    body: z.strictObject({ name: label, challenge: base64url(128), credential: registrationBody, confirmation }),
    answer: passkeySchema,
  }),
  namePasskey: acts({
    path: '/passkeys/{id}/name',
    tag,
    summary: 'call a passkey of yours something else',
    scopes: acting,
    params: byId,
    body: z.strictObject({ name: label }),
    answer: passkeySchema,
  }),
  removePasskey: acts({
    path: '/passkeys/{id}/remove',
    tag,
    summary: 'remove a passkey: confirmed, or with the token itself; the last one with the token in any case',
    scopes,
    params: byId,
    body: z.strictObject({
      token: z.string().min(1).max(512).optional().describe('where the call comes by a session'),
      confirmation,
    }),
    answer: passkeySchema,
  }),
  enrolPasskey: acts({
    path: '/passkeys/{id}/enrol',
    tag,
    summary: 'let its person declare break-glass by it',
    scopes: ['people:write'],
    params: byId,
    answer: passkeySchema,
  }),
  challengeConfirmation: makes({
    path: '/confirmations',
    tag,
    summary: 'ask for what must be signed to confirm just this act; good for five minutes and once',
    scopes: acting,
    body: z.strictObject({
      act: z.enum(confirmedActs),
      id: z.string().max(128).describe('the id in the path of the act, empty for an act that has none'),
      body: z.record(z.string(), z.unknown()).describe('what the act will be sent with, without its confirmation'),
    }),
    answer: challengeSchema,
  }),
};
