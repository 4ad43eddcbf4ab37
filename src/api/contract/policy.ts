import { z } from 'zod';
import { asks, type Endpoint, type Nothing, pageQuery, reads } from './endpoint.ts';
import { type ById, byId, instant } from './fields.ts';
import type {
  FoundAt,
  ObservedDestination,
  PolicyAnswer,
  PolicyFileAnswer,
  ProposalAnswer,
  ProposalBody,
  ReplayAnswer,
  ReplayRow,
  ServiceAnswer,
  ServiceRow,
  ServiceRule,
  ServicesAnswer,
  ServicesQuery,
} from './policy-types.ts';

const tag = 'policy';

/** The most bytes of a proposal, and of a policy that is sent at once: about 10,000 rules. What is larger is checked by `exeat policy check`. */
export const mostProposedBytes: number = 1024 * 1024;

const policyVersion: z.ZodType<string> = z.string().max(80).describe('`sha256:…`');
const texts = z.array(z.string()).readonly();

const serviceRow: z.ZodType<ServiceRow> = z
  .strictObject({
    name: z.string(),
    owner: z.string(),
    kind: z.string(),
    mode: z.enum(['observe', 'enforce']),
    observeUntil: instant.nullable(),
    file: z.string(),
    line: z.int(),
    identities: texts.describe('the first of them'),
    ruleCount: z.int(),
    testCount: z.int(),
    lastUsed: instant.nullable().describe('null where it was not seen within 30 days'),
    unusedRules: z.int().nullable().describe('allow rules without a use that was seen; null where nothing was counted'),
    onlyObserved: z.int().describe('destinations that only observe lets out, seen within 30 days'),
  })
  .readonly()
  .meta({ id: 'Service' });

const countedSince = z.string().nullable().describe('the first day of which uses are counted; null where none is');

const serviceRule: z.ZodType<ServiceRule> = z
  .strictObject({
    id: z.string(),
    list: z.enum(['allow', 'deny']),
    reason: z.string(),
    file: z.string(),
    line: z.int(),
    since: instant.nullable(),
    lastUsed: instant.nullable().describe('null where no use was seen'),
  })
  .readonly();

const observedDestination: z.ZodType<ObservedDestination> = z
  .strictObject({
    host: z.string(),
    port: z.int().nullable(),
    count: z.int(),
    firstSeen: instant,
    lastSeen: instant,
    reason: z.string().describe('why enforce would refuse it'),
    draft: z.strictObject({ to: z.string(), via: texts }).nullable().describe('the target of a rule for it'),
    doubts: texts.describe('what a person should judge before it is allowed'),
  })
  .readonly();

const foundAt: z.ZodType<FoundAt> = z
  .strictObject({
    severity: z.enum(['fault', 'test', 'error', 'warning', 'note']),
    rule: z.string(),
    message: z.string(),
    mend: z.string().nullable(),
    file: z.string(),
    line: z.int(),
    column: z.int(),
  })
  .readonly();

const replayRow: z.ZodType<ReplayRow> = z
  .strictObject({
    service: z.string(),
    owner: z.string().nullable(),
    destination: z.string(),
    ports: texts,
    connections: z.int(),
    denied: z.int(),
    firstSeen: instant,
    lastSeen: instant,
    reasons: texts,
    ruleIds: texts,
  })
  .readonly();

const replayAnswer: z.ZodType<ReplayAnswer> = z
  .strictObject({
    wantedFrom: instant,
    from: instant.nullable(),
    until: instant.nullable(),
    reach: z
      .enum(['whole', 'kept', 'cut'])
      .describe('`kept`: records do not go back so far; `cut`: there are more than are looked at'),
    judged: z.int(),
    leftOut: z.int(),
    newlyDenied: z.array(replayRow).readonly(),
    newlyDeniedCount: z.int(),
    newlyAllowed: z.array(replayRow).readonly(),
    newlyAllowedCount: z.int(),
  })
  .readonly();

/** The fields of a changed policy. */
export const proposedFiles: {
  readonly policyVersion: z.ZodType<string>;
  readonly files: z.ZodType<ProposalBody['files']>;
} = {
  policyVersion: policyVersion.describe('the version in force that it changes'),
  files: z
    .array(
      z.strictObject({
        path: z
          .string()
          .max(512)
          .regex(
            /^(?![./])(?!.*\/[./])[^\p{Cc}\\]+\.ya?ml$/u,
            'is a path below the policy folder that ends in `.yaml`',
          ),
        text: z.string().max(mostProposedBytes).nullable().describe('null removes the file'),
      }),
    )
    .min(1)
    .max(64)
    .readonly(),
};

const proposalBody: z.ZodType<ProposalBody> = z.strictObject({
  ...proposedFiles,
  days: z.int().min(1).max(30).default(7).describe('how many days of recorded decisions it is tried on'),
});

/** The fields of what a proposal comes to by itself. */
export const proposalHead: {
  readonly policyVersion: z.ZodType<string>;
  readonly proposedVersion: z.ZodType<string>;
  readonly wouldLoad: z.ZodType<boolean>;
  readonly found: z.ZodType<readonly FoundAt[]>;
  readonly foundLeftOut: z.ZodType<number>;
  readonly testsPassed: z.ZodType<number>;
  readonly testsFailed: z.ZodType<number>;
} = {
  policyVersion,
  proposedVersion: policyVersion,
  wouldLoad: z.boolean().describe('nothing keeps it from loading, and its tests hold'),
  found: z.array(foundAt).readonly(),
  foundLeftOut: z.int(),
  testsPassed: z.int(),
  testsFailed: z.int(),
};

/** The endpoints of policy, by operation id. */
export interface PolicyEndpoints {
  readonly listServices: Endpoint<Nothing, ServicesQuery, Nothing, ServicesAnswer>;
  readonly showService: Endpoint<ById, Nothing, Nothing, ServiceAnswer>;
  readonly showPolicy: Endpoint<Nothing, Nothing, Nothing, PolicyAnswer>;
  readonly showPolicyFile: Endpoint<Nothing, { readonly path: string }, Nothing, PolicyFileAnswer>;
  readonly checkProposal: Endpoint<Nothing, Nothing, ProposalBody, ProposalAnswer>;
}

/** The endpoints of policy. */
export const policyEndpoints: PolicyEndpoints = {
  listServices: reads({
    path: '/policy/services',
    tag,
    summary: 'services of the policy in force with owner, mode, last use and unused rules',
    scopes: ['read'],
    query: z.strictObject({
      find: z.string().min(1).max(128).optional().describe('a part of the name or of the owner'),
      mode: z.enum(['observe', 'enforce']).optional(),
      ...pageQuery,
    }),
    answer: z
      .strictObject({
        policyVersion,
        countedSince,
        total: z.int(),
        items: z.array(serviceRow).readonly(),
        next: z.string().nullable(),
      })
      .readonly(),
  }),
  showService: reads({
    path: '/policy/services/{id}',
    tag,
    summary: 'one service: its rules with their last use, and what enforce would refuse of what observe lets out',
    scopes: ['read'],
    params: byId,
    answer: z
      .strictObject({
        policyVersion,
        countedSince,
        service: serviceRow,
        rules: z.array(serviceRule).readonly(),
        rulesLeftOut: z.int(),
        observed: z.array(observedDestination).readonly(),
        observedLeftOut: z.int(),
      })
      .readonly(),
  }),
  showPolicy: reads({
    path: '/policy',
    tag,
    summary: 'the files of the policy in force; with their texts where they are at most 1 MiB together',
    scopes: ['read'],
    answer: z
      .strictObject({
        policyVersion,
        inForceSince: instant,
        totalBytes: z.int(),
        files: z.array(z.strictObject({ path: z.string(), bytes: z.int(), text: z.string().nullable() })).readonly(),
        filesLeftOut: z.int(),
      })
      .readonly(),
  }),
  showPolicyFile: reads({
    path: '/policy/file',
    tag,
    summary: 'the text of one file of the policy in force',
    scopes: ['read'],
    query: z.strictObject({ path: z.string().min(1).max(512).describe('as `showPolicy` lists it') }),
    answer: z.strictObject({ policyVersion, path: z.string(), text: z.string() }).readonly(),
  }),
  checkProposal: asks({
    path: '/policy/check',
    tag,
    summary:
      'check a changed policy and change nothing: findings, tests, what it opens, and recorded decisions under it',
    scopes: ['read'],
    // As JSON, which writes line ends and quotes as two.
    maxBodyBytes: 2 * mostProposedBytes,
    body: proposalBody,
    answer: z
      .strictObject({
        ...proposalHead,
        access: z
          .strictObject({
            isWidening: z.boolean(),
            added: texts,
            addedCount: z.int(),
            removed: texts,
            removedCount: z.int(),
          })
          .nullable(),
        replay: replayAnswer.nullable(),
      })
      .readonly(),
  }),
};
