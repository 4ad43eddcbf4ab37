// As systemd hands sockets over (sd_listen_fds(3)): from 3 on, meant for the process of that number alone.
const firstDescriptor = 3;
// One socket for each family of addresses.
const mostSockets = 2;

/** The descriptors of sockets that systemd made for this process, in the order of its `ListenStream=` lines: `[3, 4]`; empty for none. */
export function takeGivenSockets(
  env: Record<string, string | undefined> = process.env,
  pid: number = process.pid,
): readonly number[] {
  const { LISTEN_PID: meantFor, LISTEN_FDS: count } = env;
  // What children inherit would tell them of sockets that they do not have.
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (meantFor !== String(pid) || count === undefined || !/^\d+$/.test(count)) return [];
  return Array.from({ length: Math.min(Number(count), mostSockets) }, (_, index) => firstDescriptor + index);
}
