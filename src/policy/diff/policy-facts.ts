import type { BoundaryNode, DestinationsNode, PolicyDocument, RuleNode, ServiceNode } from '../nodes.ts';
import { boundaryDocumentName, ruleId } from '../rule-id.ts';

/**
 * One thing that a policy says, as a line. `opens`: having it lets more out; `closes`: having it lets less out; `sways`: either change of
 * it may widen, so both count as widening.
 */
export interface PolicyFact {
  readonly text: string;
  readonly effect: 'opens' | 'closes' | 'sways';
}

/** The facts of a document. Places, order and reasons are no facts: they change nothing that is decided. */
export function nodeFacts(document: PolicyDocument): readonly PolicyFact[] {
  switch (document.kind) {
    case 'service':
      return serviceFacts(document);
    case 'destinations':
      return destinationsFacts(document);
    case 'boundary':
      return boundaryFacts(document);
    case 'segments':
      return document.segments.flatMap(({ name, ranges, environment }) =>
        // Where a private address may be dialled, and whose it is.
        ranges.map(({ text }) => sways(`segment ${name} ${text} ${environment ?? 'shared'}`)),
      );
    case 'space': {
      const { name, path, owners, environment, identities } = document;
      return [sways(`space ${name} ${JSON.stringify({ path, owners, environment, identities })}`)];
    }
    case 'unattributed':
      return document.sources.map(({ text }) => opens(`unattributed ${text} until ${document.until}`));
    case 'tiers':
      return [sways(`tiers ${JSON.stringify(document.tiers)}`)];
    default:
      return document satisfies never;
  }
}

function serviceFacts(service: ServiceNode): readonly PolicyFact[] {
  const { name, owner, serviceKind, mode, observeUntil } = service;
  return [
    opens(`service ${name} ${serviceKind}`),
    // Who answers for a service says who may approve for it.
    sways(`owner ${name} ${owner}`),
    ...(mode === 'observe' ? [opens(`observe ${name} until ${observeUntil}`)] : []),
    ...service.identities.map(({ terms }) => opens(`identity ${name} ${terms.map((term) => term.text).join(' + ')}`)),
    ...service.allow.map((rule) => opens(`allow ${ruleText(name, 'allow', rule)}`)),
    ...service.deny.map((rule) => closes(`deny ${ruleText(name, 'deny', rule)}`)),
  ];
}

function ruleText(document: string, list: 'allow' | 'deny', rule: RuleNode): string {
  const { to, via, crossing, ech, sniNone, strength, queries } = rule;
  const id = ruleId(document, list, to);
  const more = {
    ...(via.length > 0 ? { via: [...via].sort() } : {}),
    ...(crossing === null ? {} : { crossing }),
    ...(ech ? { ech } : {}),
    ...(sniNone ? { sniNone } : {}),
    ...(strength === null ? {} : { strength }),
    ...(queries.length > 0 ? { queries } : {}),
  };
  return Object.keys(more).length === 0 ? id : `${id} ${JSON.stringify(more)}`;
}

// A member is let out where a rule refers to the list, and is held to what its class requires: either change may widen.
function destinationsFacts({ name, owner, class: destinationClass, members }: DestinationsNode): readonly PolicyFact[] {
  return members.map(({ target }) => sways(`member ${name} ${target.canonical} ${destinationClass} of ${owner}`));
}

function boundaryFacts({ deny, requires, revoked }: BoundaryNode): readonly PolicyFact[] {
  return [
    ...deny.map((rule) => closes(`deny ${ruleText(boundaryDocumentName, 'deny', rule)}`)),
    ...requires.map(({ class: required, strength, from }) =>
      closes(`requires ${required} ${JSON.stringify({ strength, from: [...from].sort() })}`),
    ),
    ...revoked.map(({ identity }) => closes(`revoked ${identity}`)),
  ];
}

function opens(text: string): PolicyFact {
  return { text, effect: 'opens' };
}

function closes(text: string): PolicyFact {
  return { text, effect: 'closes' };
}

function sways(text: string): PolicyFact {
  return { text, effect: 'sways' };
}
