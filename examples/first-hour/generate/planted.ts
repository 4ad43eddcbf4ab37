import type { Habit } from './estate.ts';

/** A flow that must not be proposed, and what it stands for. */
export interface PlantedFlow extends Habit {
  readonly planted: string;
  /** The proxy refused it at the time. */
  readonly isRefused?: true;
}

const desk = { service: 'support-desk', upKib: [1, 3], downKib: [1, 4] } as const;

/** The bad ones. Where a name is not kept for examples, its being known for what it is, is the point. */
export const plantedFlows: readonly PlantedFlow[] = [
  {
    ...desk,
    planted: 'beacon: every ten minutes, day and night, to a name on somebody’s own line',
    to: 'tls://cam7.homelines.example:443',
    rhythm: { kind: 'poll', everyMinutes: 10, jitter: 0.01, fromDay: 12 },
    isSingle: true,
  },
  {
    ...desk,
    planted: 'one upload in the night to a site for pastes',
    to: 'tls://pastebin.com:443',
    rhythm: { kind: 'job', at: '02:47', on: [19], calls: 1, overMinutes: 1 },
    upKib: [90_000, 90_000],
  },
  {
    service: 'payments-api',
    planted: 'public package registry, reached by an app in production',
    to: 'tls://registry.npmjs.org:443',
    rhythm: { kind: 'job', at: '10:30', on: [2, 3, 8, 9, 10, 15, 17, 22, 24, 29, 30, 37], calls: 4, overMinutes: 200 },
    upKib: [1, 4],
    downKib: [20, 900],
  },
  {
    service: 'payments-api',
    planted: 'look-alike of the bank',
    to: 'tls://bank-gateway.example.net:443',
    rhythm: { kind: 'job', at: '09:30', on: [24, 25, 28, 29, 30, 31, 32, 35, 36, 37], calls: 5, overMinutes: 400 },
    upKib: [2, 9],
    downKib: [2, 9],
  },
  {
    service: 'ci-runner',
    planted: 'metadata of the cloud, asked through the proxy',
    to: 'http://169.254.169.254:80',
    rhythm: { kind: 'job', at: '11:00', on: [9, 16, 30], calls: 2, overMinutes: 90 },
    upKib: [1, 1],
    downKib: [1, 2],
  },
  {
    service: 'shop-web',
    planted: 'data in the names that are asked for',
    to: 'tls://#.relay.statsync.example:443',
    numbers: { of: 64, perDay: 4 },
    rhythm: { kind: 'curve', curve: 'shop', perDay: 5, weekendShare: 1 },
    upKib: [1, 2],
    downKib: [1, 2],
  },
  {
    service: 'warehouse-etl',
    planted: 'large uploads to an address that has no name',
    to: 'tls://198.51.100.250:443',
    rhythm: { kind: 'job', at: '14:20', on: [17, 23, 38], calls: 1, overMinutes: 20 },
    upKib: [400_000, 900_000],
    downKib: [100, 200],
    isDirect: true,
  },
  {
    ...desk,
    planted: 'what the proxy refused already',
    to: 'tls://arcade.leisure.example:443',
    rhythm: { kind: 'curve', curve: 'office', perDay: 2, weekendShare: 0 },
    isRefused: true,
  },
];
