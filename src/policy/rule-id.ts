import type { ToNode } from './nodes.ts';

/**
 * The id of a rule: `<document>/<list>/<canonical to>`, unchanged by order and comments: `payments-api/allow/kms.example.com:443`.
 * The member of a shared document that matched is appended: `payments-api/allow/@card-schemes#schemes.example.net:443`.
 */
export function ruleId(document: string, list: 'allow' | 'deny', to: ToNode, member?: string): string {
  const text = to.kind === 'target' ? to.target.canonical : `@${to.name}`;
  return member === undefined ? `${document}/${list}/${text}` : `${document}/${list}/${text}#${member}`;
}

/** What a boundary document is called in rule ids. No service may have this name. */
export const boundaryDocumentName = 'boundary';

/** The service that sources without an identity are mapped to. No service document may have this name. */
export const unattributedServiceName = 'unattributed';
