/**
 * The program that takes one caller at the door: Node can neither ask the kernel who is at the other end of a socket, nor take descriptors
 * from it. It asks (SO_PEERCRED, SO_PEERGROUPS), takes one message with the request, the network namespace of the caller and the sockets, and
 * becomes the command that it is given, with the sockets from 6 on, as many as `EXEAT_SOCKETS` says. `EXEAT_PEER` is
 * `pid:uid:gid:group,group`, `EXEAT_REQUEST` the line. The connection is at 4; 3 is the channel of a child of Node.
 *
 * The namespace stays with a process of its own, which ends with the channel at 5 (a socket of ours): told `PATH LINE` there, it connects to
 * the socket at that path and hands it the line and the namespace, whatever has become of the caller's number by then, and says what it
 * was answered. It does so only for a namespace that the caller made: by the kernel's word on who owns it.
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
my $namespace = shift @fds; @fds >= 3 or die "it takes a namespace and at least three sockets\n";
open(my $held_namespace, '<&=', $namespace) or die "namespace: $!\n";
# Past all that a message can bring (SCM_MAX_FD, 253), so that none is moved over another.
my @high = map { POSIX::dup2($fds[$_], 300 + $_) or die "dup2: $!\n"; 300 + $_ } 0 .. $#fds;
my $kept = 299; POSIX::dup2($namespace, $kept) or die "dup2: $!\n";
my $keeper = fork(); defined $keeper or die "fork: $!\n"; if ($keeper == 0) { keep(); POSIX::_exit(0); }
for (0 .. $#fds) { POSIX::dup2($high[$_], 6 + $_) or die "dup2: $!\n"; }
sub close_all { my %left = map { $_ => 1 } @_; opendir(my $held, '/proc/self/fd') or die "fd: $!\n"; my @held = grep { /^\d+$/ && !$left{$_} } readdir $held; POSIX::close($_) for @held; }
close_all(0 .. 4, 6 .. 5 + @fds);
$ENV{EXEAT_SOCKETS} = scalar @fds; $ENV{EXEAT_PEER} = "$pid:$uid:$gid:" . join ',', @groups; $ENV{EXEAT_REQUEST} = (split /\n/, substr($text, 0, $n))[0] // '';
alarm 0; exec { $ARGV[0] } @ARGV; die "$ARGV[0]: $!\n";
sub read_line { my $line = ''; while (length $line < 4096) { my $n = sysread($_[0], my $byte, 1); return undef unless $n; return $line if $byte eq "\n"; $line .= $byte; } return undef; }
sub keep {
  alarm 0; close_all(5, $kept); open(my $asks, '+<&=', 5) or return;
  # Node does not wait on its end; ours is the same socket pair, and does.
  my $asked = read_line($asks); return unless defined $asked && $asked =~ /^(\S+) (.*)$/; my ($path, $line) = ($1, $2);
  alarm 20; my $answer = eval { hand_over($path, $line) }; my $why = $@; $why =~ s/["\\\s]+/ /g;
  syswrite $asks, ($answer // qq({"ok":false,"fault":{"code":"run_unlinked","message":"the helper of the gateway cannot be asked: $why"}})) . "\n"; }
sub hand_over { my ($path, $line) = @_;
  # linux/nsfs.h: NS_GET_NSTYPE, NS_GET_USERNS, NS_GET_OWNER_UID.
  open(my $space, '<&=', $kept) or die "open: $!\n"; my $kind = ioctl($space, 0xb703, 0); defined $kind && $kind == 0x40000000 or die "it is no network namespace\n";
  my $users = ioctl($space, 0xb701, 0) or die "the namespace is not one that the caller made: $!\n"; open(my $of, '<&=', $users) or die "open: $!\n";
  my @ours = stat '/proc/self/ns/user'; my @theirs = stat $of; @ours && @theirs && "@ours[0, 1]" ne "@theirs[0, 1]" or die "the namespace is not one that the caller made\n";
  my $owner = pack('I', 0); ioctl($of, 0xb704, $owner) or die "owner: $!\n"; unpack('I', $owner) == $uid or die "the namespace is not one that the caller made\n";
  socket(my $s, 1, 1, 0) or die "socket: $!\n"; connect($s, pack('S a*', 1, "$path\0")) or die "$!\n";
  $line .= "\n"; my $rights = pack('Qii i x4', 20, 1, 1, $kept); my $part = pack('PQ', $line, length $line); my $head = pack('QLx4PQPQix4', 0, 0, $part, 1, $rights, length $rights, 0);
  syscall($arm ? 211 : 46, fileno $s, $head, 0) == length $line or die "sendmsg: $!\n"; POSIX::close($kept); close $space; close $of;
  return read_line($s) // die "it does not answer\n"; }
`;
