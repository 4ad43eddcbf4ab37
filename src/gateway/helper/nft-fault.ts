import { type Fault, fault } from '../../base/index.ts';
import type { CommandOutcome } from './run-command.ts';

/** Why the kernel does not hold what it was told. */
export type KernelFaultCode =
  | 'nft_missing'
  | 'ip_missing'
  | 'net_admin_missing'
  | 'kernel_too_old'
  | 'ipv6_unmanaged'
  | 'kernel_refused';

const maxQuotedLength = 300;

// What a program prints when it may not do what it was told, or when the kernel knows no such thing.
const signs: readonly (readonly [RegExp, KernelFaultCode, string])[] = [
  [
    /Operation not permitted|Permission denied/i,
    'net_admin_missing',
    'the helper may not change the kernel, run it as root or give it CAP_NET_ADMIN',
  ],
  [
    /Operation not supported|Protocol not supported/i,
    'kernel_too_old',
    'the kernel lacks a part of nftables, use Linux 5.11 or later with nft_tproxy, nft_socket, nft_fib_inet and nft_reject_inet',
  ],
];

/** The fault of a command that did not succeed: what is wrong and what to do, in one line. */
export function commandFault(program: 'nft' | 'ip', outcome: CommandOutcome): Fault<KernelFaultCode> {
  if (outcome.failure === 'ENOENT' || outcome.failure === 'EACCES') {
    return program === 'nft'
      ? fault('nft_missing', 'there is no program `nft`, install nftables 1.0.6 or later')
      : fault('ip_missing', 'there is no program `ip`, install iproute2');
  }
  if (outcome.failure !== null) return fault('kernel_refused', `\`${program}\` did not end (${outcome.failure})`);
  return textFault(program, outcome.stderr);
}

/** The fault that what a program printed stands for. */
export function textFault(program: 'nft' | 'ip', printed: string): Fault<KernelFaultCode> {
  const sign = signs.find(([words]) => words.test(printed));
  if (sign !== undefined) return fault(sign[1], sign[2]);
  const line = printed.split('\n').find((one) => one.trim() !== '') ?? 'no reason was given';
  return fault('kernel_refused', `\`${program}\` refused: ${line.slice(0, maxQuotedLength)}`);
}
