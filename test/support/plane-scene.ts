import assert from 'node:assert/strict';
import {
  addressPlane,
  type Grant,
  noFacts,
  openGrants,
  type PlaneEntry,
  type PlaneQuestion,
  type PolicyDocument,
  type ServiceNode,
} from '../../src/policy/index.ts';
import { planeSegments, sourcePrincipal } from './plane-cases.ts';
import { addressOf, policyOf, serviceNode } from './policy-fixture.ts';
import { nowForTest } from './request-fixture.ts';

/** A policy with one service, `payments-api`, and a question about it. */
export interface PlaneScene {
  readonly service?: Partial<ServiceNode>;
  readonly documents?: readonly PolicyDocument[];
  readonly grants?: readonly Grant[];
  readonly question?: Partial<PlaneQuestion>;
}

/** The address plane of a scene. */
export function planeOf({
  service = {},
  documents = [],
  grants = [],
  question = {},
}: PlaneScene): readonly PlaneEntry[] {
  const policy = policyOf([serviceNode('payments-api', service), planeSegments, ...documents]);
  const plane = addressPlane(policy, {
    principal: sourcePrincipal('payments-api'),
    facts: { ...noFacts, grants: openGrants(grants, []) },
    network: { ownAddresses: [], localOrigins: [] },
    now: nowForTest,
    ...question,
  });
  assert.ok(plane.ok);
  return plane.value;
}

/** The same, one line an entry. */
export function texts(scene: PlaneScene): readonly string[] {
  return planeOf(scene).map(({ from, to, protocol, ports, verdict, grantIds }) => {
    const run = from === to ? from : `${from}-${to}`;
    const by = grantIds.length === 0 ? '' : ` by ${grantIds.join('+')}`;
    return `${verdict} ${protocol} ${run} ${ports.from === ports.to ? ports.from : `${ports.from}-${ports.to}`}${by}`;
  });
}

/** `tcp 203.0.113.7 22`: what the plane says of one packet. */
export function says(plane: readonly PlaneEntry[], packet: string): string {
  const [protocol, text = '', port] = packet.split(' ');
  const { family, words } = addressOf(text);
  const found = plane.find(
    ({ ports, ...entry }) =>
      entry.family === family &&
      entry.protocol === protocol &&
      numberOf(addressOf(entry.from).words) <= numberOf(words) &&
      numberOf(words) <= numberOf(addressOf(entry.to).words) &&
      ports.from <= Number(port) &&
      Number(port) <= ports.to,
  );
  return found?.verdict ?? 'deny';
}

function numberOf(words: readonly number[]): bigint {
  return words.reduce((number, word) => (number << 32n) | BigInt(word >>> 0), 0n);
}
