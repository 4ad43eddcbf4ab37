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
import { type ById, byId, instant, says, seconds, shortName } from './fields.ts';

const tag = 'people';

/** What people may do. */
export const roles = ['requester', 'approver', 'security', 'auditor', 'admin', 'policy-author'] as const;

/** One of {@link roles}. */
export type Role = (typeof roles)[number];

const roleList: z.ZodType<readonly Role[]> = z.array(z.enum(roles)).min(1).max(roles.length).readonly();
const ownerList: z.ZodType<readonly string[]> = z.array(shortName).max(100).readonly();

/** A person as the API shows one. `owns`: owners of the policy that the person acts for; `linkedTo`: people who count as the same one. */
export interface PersonAnswer {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly owns: readonly string[];
  readonly isDisabled: boolean;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly linkedTo: readonly string[];
}

/** A token as the API shows one; its secret is shown once, when it is made. */
export interface TokenAnswer {
  readonly id: string;
  readonly person: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string;
  readonly isLive: boolean;
}

/** A token with its secret. */
export interface NewTokenAnswer {
  readonly token: TokenAnswer;
  readonly secret: string;
}

/** An enrolled key as the API shows one. `publicKey` is Ed25519, SPKI, base64. */
export interface KeyAnswer {
  readonly id: string;
  readonly person: string;
  readonly publicKey: string;
  readonly enrolledAt: string;
  readonly enrolledBy: string;
  readonly isLive: boolean;
}

/** A person as the API shows one. */
export const personSchema: z.ZodType<PersonAnswer> = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    roles: z.array(z.string()).readonly(),
    owns: z.array(z.string()).readonly().describe('owners of the policy that the person acts for'),
    isDisabled: z.boolean(),
    createdAt: instant,
    createdBy: z.string(),
    linkedTo: z.array(z.string()).readonly().describe('people who count as the same one when deciding'),
  })
  .readonly()
  .meta({ id: 'Person' });

/** A token as the API shows one; its secret is shown once, when it is made. */
const tokenSchema: z.ZodType<TokenAnswer> = z
  .strictObject({
    id: z.string(),
    person: z.string(),
    label: z.string(),
    scopes: z.array(z.string()).readonly(),
    createdAt: instant,
    createdBy: z.string(),
    expiresAt: instant,
    isLive: z.boolean(),
  })
  .readonly()
  .meta({ id: 'Token' });

const newTokenSchema: z.ZodType<NewTokenAnswer> = z
  .strictObject({ token: tokenSchema, secret: z.string().describe('shown this once, it is not kept') })
  .readonly();

/** An enrolled key as the API shows one. */
const keySchema: z.ZodType<KeyAnswer> = z
  .strictObject({
    id: z.string(),
    person: z.string(),
    publicKey: z.string().describe('Ed25519, SPKI, base64'),
    enrolledAt: instant,
    enrolledBy: z.string(),
    isLive: z.boolean(),
  })
  .readonly()
  .meta({ id: 'Key' });

const publicKey = z.string().min(32).max(256).describe('Ed25519, SPKI, base64');
const label = z.string().trim().min(1).max(100);

type Reason = { readonly reason: string };
type List<Item> = Endpoint<Nothing, PageQuery, Nothing, Page<Item>>;

/** The endpoints of people, tokens and keys, by operation id. */
export interface PeopleEndpoints {
  readonly claimSetup: Endpoint<
    Nothing,
    Nothing,
    {
      readonly secret: string;
      readonly id: string;
      readonly name: string;
      readonly breakGlassKey: string | null;
    },
    NewTokenAnswer & { readonly person: PersonAnswer }
  >;
  readonly whoAmI: Endpoint<
    Nothing,
    Nothing,
    Nothing,
    { readonly person: PersonAnswer; readonly scopes: readonly string[] }
  >;
  readonly listPeople: List<PersonAnswer>;
  readonly createPerson: Endpoint<
    Nothing,
    Nothing,
    { readonly id: string; readonly name: string; readonly roles: readonly Role[]; readonly owns: readonly string[] },
    PersonAnswer
  >;
  readonly changePerson: Endpoint<
    ById,
    Nothing,
    {
      readonly name?: string | undefined;
      readonly roles?: readonly Role[] | undefined;
      readonly owns?: readonly string[] | undefined;
    },
    PersonAnswer
  >;
  readonly disablePerson: Endpoint<ById, Nothing, Reason, PersonAnswer>;
  readonly enablePerson: Endpoint<ById, Nothing, Reason, PersonAnswer>;
  readonly linkPeople: Endpoint<ById, Nothing, Reason & { readonly to: string }, PersonAnswer>;
  readonly unlinkPeople: Endpoint<ById, Nothing, Reason & { readonly to: string }, PersonAnswer>;
  readonly listTokens: Endpoint<
    Nothing,
    PageQuery & { readonly person?: string | undefined },
    Nothing,
    Page<TokenAnswer>
  >;
  readonly createToken: Endpoint<
    Nothing,
    Nothing,
    {
      readonly person: string | null;
      readonly label: string;
      readonly scopes: readonly Scope[];
      readonly lastsSeconds: number;
    },
    NewTokenAnswer
  >;
  readonly resetToken: Endpoint<ById, Nothing, { readonly lastsSeconds: number }, NewTokenAnswer>;
  readonly revokeToken: Endpoint<ById, Nothing, { readonly reason: string | null }, TokenAnswer>;
  readonly listKeys: List<KeyAnswer>;
  readonly enrolKey: Endpoint<Nothing, Nothing, { readonly person: string; readonly publicKey: string }, KeyAnswer>;
  readonly revokeKey: Endpoint<ById, Nothing, Reason, KeyAnswer>;
}

/** The endpoints of people, tokens and keys. */
export const peopleEndpoints: PeopleEndpoints = {
  claimSetup: makes({
    path: '/setup/claim',
    tag,
    summary: 'become the person that a one-time link was printed for',
    scopes: null,
    body: z.strictObject({
      secret: z.string().min(16).max(256),
      id: shortName,
      name: says,
      breakGlassKey: publicKey.nullable().default(null),
    }),
    answer: z.strictObject({ person: personSchema, token: tokenSchema, secret: z.string() }).readonly(),
  }),
  whoAmI: reads({
    path: '/me',
    tag,
    summary: 'who the token belongs to and what it carries',
    scopes: ['read'],
    answer: z.strictObject({ person: personSchema, scopes: z.array(z.string()).readonly() }).readonly(),
  }),
  listPeople: reads({
    path: '/people',
    tag,
    summary: 'list people',
    scopes: ['read'],
    query: z.strictObject(pageQuery),
    answer: pageOf(personSchema),
  }),
  createPerson: makes({
    path: '/people',
    tag,
    summary: 'add a person; whoever adds one counts as linked to them for 30 days',
    scopes: ['people:write'],
    body: z.strictObject({ id: shortName, name: says, roles: roleList, owns: ownerList.default([]) }),
    answer: personSchema,
  }),
  changePerson: acts({
    path: '/people/{id}/change',
    tag,
    summary: 'change name, roles or whom the person acts for',
    scopes: ['people:write'],
    params: byId,
    body: z.strictObject({
      name: says.optional(),
      roles: roleList.optional(),
      owns: ownerList.optional(),
    }),
    answer: personSchema,
  }),
  disablePerson: acts({
    path: '/people/{id}/disable',
    tag,
    summary: 'disable a person: tokens stop, and what only they answer for is held',
    scopes: ['people:write'],
    params: byId,
    body: z.strictObject({ reason: says }),
    answer: personSchema,
  }),
  enablePerson: acts({
    path: '/people/{id}/enable',
    tag,
    summary: 'let a disabled person in again',
    scopes: ['people:write'],
    params: byId,
    body: z.strictObject({ reason: says }),
    answer: personSchema,
  }),
  linkPeople: acts({
    path: '/people/{id}/link',
    tag,
    summary: 'say that two accounts are of one person: neither approves for the other',
    scopes: ['people:write'],
    params: byId,
    body: z.strictObject({ to: shortName, reason: says }),
    answer: personSchema,
  }),
  unlinkPeople: acts({
    path: '/people/{id}/unlink',
    tag,
    summary: 'take back that two accounts are of one person; by somebody whom it does not touch',
    scopes: ['people:write'],
    params: byId,
    body: z.strictObject({ to: shortName, reason: says }),
    answer: personSchema,
  }),
  listTokens: reads({
    path: '/tokens',
    tag,
    summary: 'list tokens; their secrets are not kept',
    scopes: ['read'],
    query: z.strictObject({ person: shortName.optional(), ...pageQuery }),
    answer: pageOf(tokenSchema),
  }),
  createToken: makes({
    path: '/tokens',
    tag,
    summary: 'make a token, for yourself or (as an admin) for another person',
    scopes: ['read'],
    body: z.strictObject({
      person: shortName.nullable().default(null),
      label,
      scopes: z.array(z.enum(scopes)).min(1).max(scopes.length).readonly(),
      lastsSeconds: seconds.default(30 * 86_400),
    }),
    answer: newTokenSchema,
  }),
  resetToken: acts({
    path: '/tokens/{id}/reset',
    tag,
    summary: 'give a token a fresh secret; whoever resets another person’s counts as linked to them for 30 days',
    scopes: ['read'],
    params: byId,
    body: z.strictObject({ lastsSeconds: seconds.default(30 * 86_400) }),
    answer: newTokenSchema,
  }),
  revokeToken: acts({
    path: '/tokens/{id}/revoke',
    tag,
    summary: 'revoke a token',
    scopes: ['read'],
    params: byId,
    body: z.strictObject({ reason: says.nullable().default(null) }),
    answer: tokenSchema,
  }),
  listKeys: reads({
    path: '/break-glass/keys',
    tag: 'break-glass',
    summary: 'list who is enrolled for break-glass',
    scopes: ['read'],
    query: z.strictObject(pageQuery),
    answer: pageOf(keySchema),
  }),
  enrolKey: makes({
    path: '/break-glass/keys',
    tag: 'break-glass',
    summary: 'enrol somebody else’s key for break-glass',
    scopes: ['people:write'],
    body: z.strictObject({ person: shortName, publicKey }),
    answer: keySchema,
  }),
  revokeKey: acts({
    path: '/break-glass/keys/{id}/revoke',
    tag: 'break-glass',
    summary: 'take an enrolled key away',
    scopes: ['people:write'],
    params: byId,
    body: z.strictObject({ reason: says }),
    answer: keySchema,
  }),
};
