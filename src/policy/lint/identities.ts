import { isAtLeast, type Strength } from '../../identity/index.ts';
import { identityText } from '../documents/parse-identity.ts';
import type { RuleNode, ServiceNode } from '../nodes.ts';
import type { LintRule, ReportFinding } from './finding.ts';
import { type LintContext, sharedDocument } from './lint-context.ts';
import { naturalStrength } from './natural-strength.ts';
import { findShared } from './shared-identities.ts';

/** One proof would name two services, so every request with it is refused. */
export const identityInTwoServices: LintRule = {
  id: 'identity-in-two-services',
  severity: 'error',
  says: 'one identity, or one that includes it, stands in two services: a proof of it is refused as a conflict',
  mend: 'give each service an identity of its own',
  find: (context, report) => {
    for (const { identity, service, other } of findShared(context))
      report(identity.at, `\`${identityText(identity)}\` of \`${service.name}\` names \`${other.name}\` as well`);
  },
};

/** A person's jump host and a workload are told apart by nothing. */
export const operatorSharesIdentity: LintRule = {
  id: 'operator-shares-identity',
  severity: 'error',
  says: 'an app and an operator share an identity',
  mend: 'give the operator an identity of its own: what people reach and what workloads reach are kept apart',
  find: (context, report) => {
    for (const { identity, service, other } of findShared(context)) {
      const kinds = [service.serviceKind, other.serviceKind];
      if (kinds.includes('app') && kinds.includes('operator'))
        report(identity.at, `\`${identityText(identity)}\` is shared by \`${service.name}\` and \`${other.name}\``);
    }
  },
};

/** In prod an address alone names a service. */
export const networkOnlyIdentity: LintRule = {
  id: 'network-only-identity',
  severity: 'error',
  says: 'a service in prod is identified by its address alone',
  mend: 'ask for a credential, a token or a certificate, with the source inside `all:` if it matters',
  find: ({ services, spaces }, report) => {
    for (const service of services) {
      if (!isProduction(spaces.environmentOf(service.at.file))) continue;
      for (const identity of service.identities)
        if (identity.terms.every(({ kind }) => kind === 'source' || kind === 'leased'))
          report(identity.at, `\`${identityText(identity)}\` is all that identifies \`${service.name}\``);
    }
  },
};

/** A build's registries are reached by something that runs in production. */
export const registryOutsideBuild: LintRule = {
  id: 'registry-outside-build',
  severity: 'warning',
  says: 'a package registry is reached from a service that is not a build',
  mend: 'fetch packages in a service of `kind: build`, and ship what it built',
  find: (context, report) => {
    for (const service of context.services) {
      if (service.serviceKind === 'build') continue;
      for (const rule of service.allow)
        if (classesOfRule(rule, context).has('package-registry'))
          report(rule.at, `\`${service.name}\` is of kind \`${service.serviceKind}\` and reaches a package registry`);
    }
  },
};

/** The boundary will refuse some of the proofs that the service may show. */
export const privilegedWeakProof: LintRule = {
  id: 'privileged-weak-proof',
  severity: 'error',
  says: 'a privileged class is reached by a service with an identity weaker than the boundary requires',
  mend: 'remove the weaker identity, or put the strength in the rule to say that it is meant',
  find: (context, report) => {
    const required = requiredStrengths(context);
    if (required.size === 0) return;
    for (const service of context.services)
      for (const rule of service.allow) reportWeakProof(service, rule, { context, required, report });
  },
};

function isProduction(environment: string | null): boolean {
  return environment === 'prod' || environment === 'production';
}

function classesOfRule(rule: RuleNode, context: LintContext): ReadonlySet<string> {
  if (rule.to.kind === 'target') return context.classes.classesOf(rule.to.target);
  const known = classesOfDocument.get(context);
  const cache = known ?? new Map<string, ReadonlySet<string>>();
  if (known === undefined) classesOfDocument.set(context, cache);
  const cached = cache.get(rule.to.name);
  if (cached !== undefined) return cached;
  const classes = new Set<string>();
  for (const { target } of sharedDocument(rule, context)?.members ?? [])
    for (const found of context.classes.classesOf(target)) classes.add(found);
  cache.set(rule.to.name, classes);
  return classes;
}

/** A document may be referred to by every service, so its classes are found once. */
const classesOfDocument = new WeakMap<LintContext, Map<string, ReadonlySet<string>>>();

function requiredStrengths({ boundaries }: LintContext): ReadonlyMap<string, Strength> {
  const required = new Map<string, Strength>();
  for (const { requires } of boundaries)
    for (const requirement of requires) {
      const known = required.get(requirement.class);
      const { strength } = requirement;
      if (strength !== null && (known === undefined || isAtLeast(strength, known)))
        required.set(requirement.class, strength);
    }
  return required;
}

function reportWeakProof(
  service: ServiceNode,
  rule: RuleNode,
  {
    context,
    required,
    report,
  }: {
    readonly context: LintContext;
    readonly required: ReadonlyMap<string, Strength>;
    readonly report: ReportFinding;
  },
): void {
  for (const destinationClass of classesOfRule(rule, context)) {
    const need = required.get(destinationClass);
    if (need === undefined || (rule.strength !== null && isAtLeast(rule.strength, need))) continue;
    const weak = service.identities.find((identity) => !isAtLeast(naturalStrength(identity), need));
    if (weak !== undefined)
      report(rule.at, `class \`${destinationClass}\` requires \`${need}\`, and \`${identityText(weak)}\` is weaker`);
  }
}
