import { isIP } from 'node:net';
import { z } from 'zod';
import { mostNamePorts } from '../base/index.ts';
import type { GatewayConfig } from './config.ts';
import { durationField, pathField } from './config-fields.ts';
import { localSection } from './local-section.ts';
import { defaultRunRanges, runRangeSection } from './run-range-section.ts';

const port = z.number().int().min(1).max(65_535);

/** The kernel takes fifteen characters (IFNAMSIZ); these are the ones that name an interface in nftables without quotes of their own. */
const interfaceName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,15}$/, 'an interface is named by at most 15 letters, digits, `_`, `.` and `-`');

/** The `gateway:` section: the transparent gateway of this machine, or null for none. */
export function gatewaySection(folder: string): z.ZodType<GatewayConfig | null> {
  return z
    .strictObject({
      inside: z.array(interfaceName).max(64).prefault([]).meta({ description: 'interfaces that workloads are behind' }),
      binding: z.enum(['mac', 'path']).prefault('mac').meta({
        description:
          '`mac`: a source counts only from the hardware address that `neighbours` or its lease binds it to; `path`: from the interface that leads back to it, for workloads behind a router',
      }),
      neighbours: z
        .record(z.string(), z.string().regex(/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/, 'write `02:00:00:00:00:01`'))
        .refine((all) => Object.keys(all).every((one) => isIP(one) !== 0 && !one.includes('%')), {
          message: '`neighbours` is by IP address: `"10.9.0.2": "02:00:00:00:00:01"`',
        })
        .prefault({})
        .meta({ description: 'the hardware address of each source address' }),
      port: port.prefault(18_443).meta({ description: 'TCP port of the transparent listener' }),
      tlsPorts: namePorts([443], 'TCP ports that are read as TLS, by name'),
      httpPorts: namePorts([80], 'TCP ports that are read as HTTP, by name'),
      grace: durationField('1s', '1h').prefault('2m').meta({
        description:
          'for how long an address stays open past the time of its DNS answer: longer where clients reuse answers, shorter where addresses change hands',
      }),
      masquerade: z.boolean().prefault(false).meta({
        description: 'whether what goes out carries the address of the interface it leaves by',
      }),
      trackFlows: z.boolean().prefault(false).meta({
        description:
          'let conntrack follow what is judged by address too: needed where other rules of this machine translate addresses of the workloads',
      }),
      guardRoutes: z.boolean().prefault(true).meta({
        description:
          'keep the default routes in a table that only the ruleset leads to, so that nothing goes out once the ruleset is gone',
      }),
      helper: pathField(folder).nullable().prefault(null).meta({
        description: 'socket of a helper that runs as a unit of its own; null: `exeat up` starts one',
      }),
      local: localSection(),
      run: runRangeSection(),
    })
    .refine(({ inside, local, run }) => inside.length > 0 || local !== null || (run ?? null) !== null, {
      message:
        '`gateway` holds nobody: name `inside` interfaces, write `local: {}` for the processes of this machine, or `run: {}` for `exeat run`',
      path: ['inside'],
    })
    .refine(({ tlsPorts, httpPorts }) => tlsPorts.every((one) => !httpPorts.includes(one)), {
      message:
        '`gateway.tlsPorts` and `gateway.httpPorts` name one port: it is read in one way only, take it out of one of them',
      path: ['tlsPorts'],
    })
    .refine(({ tlsPorts, httpPorts }) => new Set([...tlsPorts, ...httpPorts]).size <= mostNamePorts, {
      message: `\`gateway.tlsPorts\` and \`gateway.httpPorts\` name at most ${mostNamePorts} ports together: name fewer, and open the rest by address with \`tcp://\` rules`,
      path: ['tlsPorts'],
    })
    .transform(({ masquerade, trackFlows, guardRoutes, grace, neighbours, run, ...rest }) => ({
      ...rest,
      graceMs: grace,
      masquerades: masquerade,
      tracksFlows: trackFlows,
      guardsRoutes: guardRoutes,
      run: run === undefined ? { ranges: defaultRunRanges } : run,
      neighbours: Object.entries(neighbours).map(([address, mac]) => ({ address, mac: mac.toLowerCase() })),
    }))
    .nullable()
    .prefault(null)
    .meta({ description: 'the transparent gateway of this machine; null for none' });
}

function namePorts(usual: number[], description: string): z.ZodPrefault<z.ZodArray<typeof port>> {
  return z.array(port).max(mostNamePorts).prefault(usual).meta({ description });
}
