/** A policy file with one enforced service `app`, known by the credential `app`, that may reach what `rules` says: `to` and reason. */
export function appPolicy(rules: readonly (readonly [to: string, reason: string])[]): string {
  return [
    'apiVersion: exeat/v1',
    'service: app',
    'owner: team-app',
    'kind: app',
    'mode: enforce',
    'identities: [ "credential:app" ]',
    'allow:',
    ...rules.map(([to, reason]) => `  - { to: "${to}", reason: ${reason} }`),
    '',
  ].join('\n');
}
