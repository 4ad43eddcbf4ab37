/**
 * Opens a socket that Node cannot, sends, and waits for one of the awaited byte strings. Words: kind, number, to, seconds, packets and
 * awaited as hexadecimal with commas. Over raw ICMPv6 only echo replies count: errors repeat what was sent. Says `errno N`, `sent`, `none` or `got INDEX`. Needs nothing but what every Perl has.
 */
export const perlSender = `
use strict; use Socket;
my ($kind, $n, $to, $wait, $packets, $awaited) = @ARGV;
sub fail { print "errno ", $! + 0, "\\n"; exit 0 }
my %family = (raw6 => AF_INET6, ping6 => AF_INET6, packet => 17, vsock => 40);
my %type = (ping4 => SOCK_DGRAM, ping6 => SOCK_DGRAM, packet => SOCK_DGRAM, vsock => SOCK_STREAM);
my %proto = (header => 255, packet => 8, vsock => 0);
socket(my $s, $family{$kind} // AF_INET, $type{$kind} // SOCK_RAW, $proto{$kind} // $n) or fail;
my $addr = $kind eq 'vsock' ? pack('S S L L L', 40, 0, $n, $to, 0)
  : $kind eq 'packet' ? pack('S n i S C C a8', 17, 0x0800, $n, 0, 0, 6, pack('H*', $to))
  : ($family{$kind} // 0) == AF_INET6 ? Socket::pack_sockaddr_in6(0, Socket::inet_pton(AF_INET6, $to))
  : pack_sockaddr_in(0, inet_aton($to));
if ($kind eq 'vsock') {
  local $SIG{ALRM} = sub { print "none\\n"; exit 0 };
  alarm($wait < 1 ? 1 : $wait);
  connect($s, $addr) or fail;
  print "sent\\n"; exit 0;
}
for my $hex (split /,/, $packets) { defined send($s, pack('H*', $hex), 0, $addr) or fail }
my @awaited = map { pack('H*', $_) } split /,/, $awaited // '';
if (!@awaited) { print "sent\\n"; exit 0 }
my $end = time() + ($wait < 1 ? 1 : $wait);
while ((my $left = $end - time()) > 0) {
  my $bits = ''; vec($bits, fileno($s), 1) = 1;
  next unless select($bits, undef, undef, $left) > 0;
  defined recv($s, my $got, 65535, 0) or fail;
  next if $kind eq 'raw6' && ord($got) != 129;
  for my $i (0 .. $#awaited) { if (index($got, $awaited[$i]) >= 0) { print "got $i\\n"; exit 0 } }
}
print "none\\n";
`;

/** The same as {@link perlSender} for Python. */
export const pythonSender = `
import socket, sys, time
kind, n, to, wait, packets, awaited = (sys.argv[1:] + [''])[:6]
n, wait = int(n), float(wait)
try:
    if kind == 'vsock':
        s = socket.socket(40, socket.SOCK_STREAM)
        s.settimeout(wait)
        s.connect((int(to), n))
        print('sent'); sys.exit(0)
    if kind == 'packet':
        s = socket.socket(17, socket.SOCK_DGRAM, socket.htons(0x0800))
        addr = (socket.if_indextoname(n), 0x0800, 0, 0, bytes.fromhex(to))
    else:
        family = socket.AF_INET6 if kind.endswith('6') else socket.AF_INET
        type = socket.SOCK_DGRAM if kind.startswith('ping') else socket.SOCK_RAW
        s = socket.socket(family, type, 255 if kind == 'header' else n)
        addr = (to, 0) if family == socket.AF_INET else (to, 0, 0, 0)
    for packet in packets.split(','):
        s.sendto(bytes.fromhex(packet), addr)
    wants = [bytes.fromhex(each) for each in awaited.split(',') if each]
    if not wants:
        print('sent'); sys.exit(0)
    end = time.monotonic() + wait
    while (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        got = s.recv(65535)
        if kind == 'raw6' and got[0] != 129: continue
        for at, want in enumerate(wants):
            if want in got:
                print('got', at); sys.exit(0)
    print('none')
except TimeoutError:
    print('none')
except OSError as error:
    print('errno', error.errno)
`;

/**
 * Listens for IP protocols without ports: says `PROTOCOL FROM HEX` for each packet, and sends what it is told in the same form.
 * Words: the numbers of the protocols. Ends when its input does.
 */
export const perlListener = `
use strict; use Socket;
$| = 1;
my (%socket, $told);
for my $n (@ARGV) { socket(my $s, AF_INET, SOCK_RAW, $n) or next; $socket{$n} = $s }
while (1) {
  my $bits = ''; vec($bits, fileno($_), 1) = 1 for values %socket, \\*STDIN;
  next unless select($bits, undef, undef, undef) > 0;
  if (vec($bits, fileno(STDIN), 1)) {
    sysread(STDIN, $told, 65536, length($told // '')) or exit 0;
    while ($told =~ s/^(\\d+) (\\S+) ([0-9a-f]+)\\n//) {
      send($socket{$1}, pack('H*', $3), 0, pack_sockaddr_in(0, inet_aton($2))) if $socket{$1};
    }
  }
  for my $n (keys %socket) {
    next unless vec($bits, fileno($socket{$n}), 1);
    my $from = recv($socket{$n}, my $got, 65535, 0) or next;
    print "$n ", inet_ntoa((unpack_sockaddr_in($from))[1]), ' ', unpack('H*', $got), "\\n";
  }
}
`;

/** The same as {@link perlListener} for Python. */
export const pythonListener = `
import select, socket, sys, os
sockets = {}
for n in sys.argv[1:]:
    try: sockets[int(n)] = socket.socket(socket.AF_INET, socket.SOCK_RAW, int(n))
    except OSError: pass
told = b''
while True:
    ready, _, _ = select.select([0, *sockets.values()], [], [])
    if 0 in ready:
        more = os.read(0, 65536)
        if not more: sys.exit(0)
        told += more
        while b'\\n' in told:
            line, told = told.split(b'\\n', 1)
            n, to, text = line.decode().split(' ')
            if int(n) in sockets:
                try: sockets[int(n)].sendto(bytes.fromhex(text), (to, 0))
                except OSError: pass
    for n, s in sockets.items():
        if s in ready:
            got, (source, _) = s.recvfrom(65535)
            print(n, source, got.hex(), flush=True)
`;
