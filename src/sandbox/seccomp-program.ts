import { type Architecture, refusedCalls, syscallNumber } from './syscalls.ts';

// Words of seccomp(2) and bpf: linux/filter.h, linux/seccomp.h, linux/audit.h.
const load = 0x20;
const jumpEqual = 0x15;
const jumpAtLeast = 0x35;
const jumpAnySet = 0x45;
const and = 0x54;
const answer = 0x06;
const allow = 0x7fff0000;
const refuse = 0x00050000;

// Where the words of a call lie (struct seccomp_data). Arguments are 64 bits wide, the low half first.
const numberAt = 0;
const architectureAt = 4;
const argumentAt = (index: number): number => 16 + 8 * index;

const errno = { notPermitted: 1, unknownCall: 38, unknownFamily: 97, unknownProtocol: 93 } as const;

const audit: Readonly<Record<Architecture, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };
// Calls of the x32 ABI come under the same architecture, with this bit.
const x32Bit = 0x40000000;

const family = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
const socketType = { mask: 0xf, stream: 1, datagram: 2 } as const;
const newUserNamespace = 0x10000000;
// Both put input into a terminal that the command did not get by typing: TIOCSTI, TIOCLINUX.
const terminalRequests = [0x5412, 0x541c];

type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, value: number];

/**
 * The filter of system calls that a command runs under: bytes for seccomp(2), for this architecture. What it refuses would be a way round
 * the network namespace (sockets of other families and of raw packets, also those that io_uring would make), round the mounts that hide
 * sockets, or into what the caller holds outside (keys, its terminal). Calls of other architectures are unknown calls.
 */
export function seccompProgram(architecture: Architecture): Uint8Array {
  const number = (name: string): number => syscallNumber(name, architecture);
  const program: readonly Instruction[] = [
    [load, 0, 0, architectureAt],
    [jumpEqual, 1, 0, audit[architecture]],
    refusal(errno.unknownCall),
    [load, 0, 0, numberAt],
    ...(architecture === 'x64' ? [[jumpAtLeast, 0, 1, x32Bit] as const, refusal(errno.unknownCall)] : []),
    ...refusedCalls.flatMap(({ name, isUnknown }) =>
      whenEqual(number(name), [refusal(isUnknown ? errno.unknownCall : errno.notPermitted)]),
    ),
    ...whenEqual(number('clone3'), [refusal(errno.unknownCall)]),
    ...whenEqual(number('clone'), refuseFlag(newUserNamespace)),
    ...whenEqual(number('unshare'), refuseFlag(newUserNamespace)),
    ...whenEqual(number('ioctl'), refuseRequests(terminalRequests)),
    ...whenEqual(number('socketpair'), [
      [load, 0, 0, argumentAt(0)],
      [jumpEqual, 0, 1, family.unix],
      [answer, 0, 0, allow],
      refusal(errno.unknownFamily),
    ]),
    ...whenEqual(number('socket'), judgeSocket()),
    [answer, 0, 0, allow],
  ];
  return encode(program);
}

// A path of its own for one value: whoever has it ends there, others go on past it.
function whenEqual(number: number, path: readonly Instruction[]): readonly Instruction[] {
  return [[jumpEqual, 0, path.length, number], ...path];
}

function refuseFlag(flag: number): readonly Instruction[] {
  return [[load, 0, 0, argumentAt(0)], [jumpAnySet, 0, 1, flag], refusal(errno.notPermitted), [answer, 0, 0, allow]];
}

// The kernel looks at the low 32 bits of a request alone, and so do we.
function refuseRequests(requests: readonly number[]): readonly Instruction[] {
  return [
    [load, 0, 0, argumentAt(1)],
    ...requests.map((request, index): Instruction => [jumpEqual, requests.length - index, 0, request]),
    [answer, 0, 0, allow],
    refusal(errno.notPermitted),
  ];
}

// socket(family, type, protocol): paths and abstract names of the namespace, TCP and UDP, and the netlink that getaddrinfo reads routes by.
function judgeSocket(): readonly Instruction[] {
  const pathOrAbstract: readonly Instruction[] = [[answer, 0, 0, allow]];
  const routes: readonly Instruction[] = [
    [load, 0, 0, argumentAt(2)],
    [jumpEqual, 0, 1, 0],
    [answer, 0, 0, allow],
    refusal(errno.unknownProtocol),
  ];
  const streamOrDatagram: readonly Instruction[] = [
    [load, 0, 0, argumentAt(1)],
    [and, 0, 0, socketType.mask],
    [jumpEqual, 1, 0, socketType.stream],
    [jumpEqual, 0, 1, socketType.datagram],
    [answer, 0, 0, allow],
    refusal(errno.notPermitted),
  ];
  return [
    [load, 0, 0, argumentAt(0)],
    ...whenEqual(family.unix, pathOrAbstract),
    ...whenEqual(family.netlink, routes),
    [jumpEqual, 1, 0, family.inet],
    ...whenEqual(family.inet6, streamOrDatagram),
    refusal(errno.unknownFamily),
  ];
}

function refusal(code: number): Instruction {
  return [answer, 0, 0, refuse | code];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  program.forEach(([code, whenTrue, whenFalse, value], index) => {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, whenTrue);
    bytes.setUint8(index * 8 + 3, whenFalse);
    bytes.setUint32(index * 8 + 4, value >>> 0, true);
  });
  return new Uint8Array(bytes.buffer);
}
