import { z } from 'zod';
import { type LocalPlace, type LocalPlan, mostSeats } from '../kernel/local-plan.ts';

// What is said of processes of this machine; see helper-protocol.ts for the manner.

/** As many as a machine can tell apart in a table of a packet filter without anybody noticing. */
const mostProcesses = 65_536;
const mostAccounts = 4_096;
const mostCgroups = 1_024;

// 2^32 - 1 is nobody.
const account = z.int().min(0).max(4_294_967_294);
const port = z.int().min(1).max(65_535);
const serviceId = z
  .int()
  .min(0)
  .max(2 ** 24 - 1);
const path = z
  .string()
  .max(1_024)
  .regex(/^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9:_.@\\-]{1,255}){1,32}$/, 'is not the path of a cgroup');

/** How processes of this machine are held. */
export const localPlace: z.ZodType<LocalPlace | null> = z
  .strictObject({
    groupId: account,
    exempt: z.array(account).max(mostAccounts),
    leasing: z.array(account).max(mostAccounts),
    inbound: z
      .array(z.strictObject({ from: port, to: port }).refine(({ from, to }) => from <= to, 'ports go backwards'))
      .max(1_024),
  })
  .nullable();

/** Who on this machine is which service. */
export const localPlan: z.ZodType<LocalPlan> = z.strictObject({
  cgroups: z.array(z.strictObject({ index: z.int().min(1).max(mostCgroups), path })).max(mostCgroups),
  processes: z
    .array(
      z.strictObject({
        cgroup: z.int().min(0).max(mostCgroups),
        userId: account.nullable(),
        groupId: account.nullable(),
        serviceId,
      }),
    )
    .max(mostProcesses),
  seats: z.array(z.strictObject({ serviceId: serviceId.min(1), seat: z.int().min(1).max(mostSeats) })).max(mostSeats),
});
