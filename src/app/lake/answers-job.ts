import { ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { type IpPrefix, parseIpAddress, parseIpPrefix, prefixContains } from '../../destination/index.ts';
import {
  type AnswerParts,
  answerFlows,
  type FlowAnswers,
  type Inventory,
  insideNames,
  type LakeWindow,
  rankServices,
  type ServiceFacts,
  type ServiceRanking,
} from '../../flowmap/index.ts';
import type { JobPorts } from '../front/index.ts';
import { type FlowContext, readFlowContext } from './flow-context.ts';
import { drawWholeMap } from './map-job.ts';
import { openLakeToRead } from './open-lake.ts';

/** Of which time answers are wanted. */
export interface AnswersOptions {
  readonly window: LakeWindow;
}

/** Answers what people ask before they write a policy. Faults: `lake_empty`, those of the inventory. */
export async function answersJob(options: AnswersOptions, ports: JobPorts): Promise<Result<FlowAnswers>> {
  const parts = await readAnswerParts(options, ports);
  return parts.ok ? ok(answerFlows(parts.value)) : parts;
}

/** Ranks services. Faults: `lake_empty`, those of the inventory. */
export async function rankJob(options: AnswersOptions, ports: JobPorts): Promise<Result<ServiceRanking>> {
  const parts = await readAnswerParts(options, ports);
  const { policy, inventory } = ports.order.config;
  return parts.ok ? ok(rankServices(parts.value, { policy, inventory })) : parts;
}

async function readAnswerParts({ window }: AnswersOptions, { order }: JobPorts): Promise<Result<AnswerParts>> {
  const opened = await openLakeToRead(order.config);
  if (!opened.ok) return opened;
  const { lake } = opened.value;
  try {
    const context = await readFlowContext(lake, order.config, window);
    if (!context.ok) return context;
    const nameAnswers = await lake.nameAnswers(window);
    return ok({
      map: await drawWholeMap(lake, context.value, order.nowMs),
      seenDays: await lake.seenDays(context.value.query),
      nameAnswers,
      views: await lake.answerViews(window, insideNames(nameAnswers)),
      factsOf: factsFinder(context.value),
      isKnownResolver: resolverFinder(order.config, context.value.inventory),
    });
  } finally {
    opened.value.close();
  }
}

function factsFinder({ policy, inventory }: FlowContext): (principal: string) => ServiceFacts {
  const kinds = new Map(inventory.services.map(({ name, kind }) => [name, kind]));
  return (principal) => {
    const service = policy?.policy.service(principal) ?? null;
    return {
      kind: service?.kind ?? kinds.get(principal) ?? null,
      environment: service?.environment ?? null,
      isInPolicy: service !== null,
    };
  };
}

/** Known are the resolvers of the inventory and those that the proxy itself asks. */
function resolverFinder({ resolver, dns }: Config, { services }: Inventory): (address: string) => boolean {
  const ours = services.filter(({ kind }) => kind === 'resolver').flatMap(({ sources }) => sources);
  const prefixes: readonly IpPrefix[] = [
    ...ours.map(({ prefix }) => prefix),
    ...[...(resolver.servers ?? []), ...Object.values(dns.forward).flat()].flatMap((server) => prefixOfServer(server)),
  ];
  return (text) => {
    const address = parseIpAddress(text);
    return address.ok && prefixes.some((prefix) => prefixContains(prefix, address.value));
  };
}

// `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:53`, `tls://192.0.2.53#dns.example` or `https://dns.example/dns-query#192.0.2.53`.
function prefixOfServer(server: string): readonly IpPrefix[] {
  const at = server
    .replace(/^https:\/\/[^#]*#/, '')
    .replace(/^(udp|tcp|tls):\/\//, '')
    .replace(/#.*$/, '');
  const host = /^\[(.+)\](?::\d+)?$/.exec(at)?.[1] ?? at.replace(/^([^:]+):\d+$/, '$1');
  const prefix = parseIpPrefix(host);
  return prefix.ok ? [prefix.value] : [];
}
