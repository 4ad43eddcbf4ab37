/**
 * The program that takes one caller at the door: Node can neither ask the kernel who is at the other end of a socket, nor take descriptors
 * from it. It asks (SO_PEERCRED, SO_PEERGROUPS), takes one message with the request and the sockets, and becomes the command that it is
 * given, with the sockets from 5 on, as many as `EXEAT_SOCKETS` says. `EXEAT_PEER` is `pid:uid:gid:group,group`, `EXEAT_REQUEST` the line. The connection is at 4; 3 is
 * the channel of a child of Node.
 */
export const receiverScript: string = String.raw`
use strict; use POSIX ();
$^F = 1023; alarm 5;
my $arm = (POSIX::uname())[4] eq 'aarch64';
my ($getsockopt, $recvmsg) = $arm ? (209, 212) : (55, 47);
sub option { my ($name, $size) = @_; my ($value, $length) = ("\0" x $size, pack('i', $size));
  syscall($getsockopt, 4, 1, $name, $value, $length) == 0 or die "getsockopt: $!\n"; return substr($value, 0, unpack('i', $length)); }
my ($pid, $uid, $gid) = unpack 'iII', option(17, 12);
my @groups = unpack 'I*', option(59, 262144);
my ($text, $rights) = ("\0" x 4096, "\0" x 1032);
my $part = pack('PQ', $text, length $text); my $head = pack('QLx4PQPQix4', 0, 0, $part, 1, $rights, length $rights, 0);
# The connection comes from Node, which does not wait; the alarm ends what never says anything.
my $wanted = ''; vec($wanted, 4, 1) = 1; select(my $ready = $wanted, undef, undef, undef);
my $n = syscall($recvmsg, 4, $head, 0); $n > 0 or die "recvmsg: $!\n";
my ($length, $flags) = unpack('x40Qi', $head); ($flags & 0x28) == 0 or die "the message is too long\n";
my ($size, $level, $type) = unpack('Qii', $rights); my @fds = $length >= 16 && $level == 1 && $type == 1 ? unpack('i*', substr($rights, 16, $size - 16)) : ();
@fds >= 3 or die "it takes at least three sockets\n";
# Past all that a message can bring (SCM_MAX_FD, 253), so that none is moved over another.
my @high = map { POSIX::dup2($fds[$_], 300 + $_) or die "dup2: $!\n"; 300 + $_ } 0 .. $#fds;
for (0 .. $#fds) { POSIX::dup2($high[$_], 5 + $_) or die "dup2: $!\n"; }
opendir(my $held, '/proc/self/fd') or die "fd: $!\n"; my @held = grep { /^\d+$/ && $_ > 4 + @fds } readdir $held; POSIX::close($_) for @held;
$ENV{EXEAT_SOCKETS} = scalar @fds; $ENV{EXEAT_PEER} = "$pid:$uid:$gid:" . join ',', @groups; $ENV{EXEAT_REQUEST} = (split /\n/, substr($text, 0, $n))[0] // '';
alarm 0; exec { $ARGV[0] } @ARGV; die "$ARGV[0]: $!\n";
`;
