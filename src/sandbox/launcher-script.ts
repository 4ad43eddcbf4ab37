/**
 * The program that a run starts as: what Node cannot do itself. Every Debian and Ubuntu has the language (perl-base); it uses no module
 * beyond that. States: asking (the way is not sure yet), waiting (for the words of the sandbox), running, told.
 *
 *   us ── fork ──► the one inside: user and network namespace of its own, where every address is its loopback; sockets; the sandbox.
 *    │             Behind a gateway the loopback is but itself again, and all else leads to the link that the gateway laid
 *    │  door, from before the fork: the kernel notes who connected (SO_PEERCRED)
 *
 * Words: the socket of the door, the request as one line, and the ports that are read by name (`443,80`). On descriptor 3 it says one
 * line for each event (`answer`, `failed`, `stage`, `ended`, `report`) and is told `run LENGTH` with what the one inside is to start,
 * `signal NUMBER`, or nothing any more, which ends everything.
 */
export const launcherScript: string = String.raw`
use strict; use Socket; use POSIX ();
my ($door_path, $request, $ports) = @ARGV;
my $arm = (POSIX::uname())[4] eq 'aarch64';
my %nr = (prctl => $arm ? 167 : 157, unshare => $arm ? 97 : 272, sendmsg => $arm ? 211 : 46);
$^F = 1023;
open(my $ctl, '+<&=', 3) or exit 125;
sub say_line { my $line = join(' ', @_) . "\n"; my $at = 0;
  while ($at < length $line) { my $n = syswrite($ctl, $line, length($line) - $at, $at); last unless defined $n; $at += $n; } }
sub fail { say_line('failed', @_); POSIX::_exit(125); }
sub bind_to_parent { my $parent = shift; syscall($nr{prctl}, 1, 9, 0, 0, 0); POSIX::_exit(125) if getppid() != $parent; }
bind_to_parent($ENV{EXEAT_RUN_PARENT}); delete $ENV{EXEAT_RUN_PARENT};

# Connected before anything else: whom the kernel notes is the caller.
socket(my $door, AF_UNIX, SOCK_STREAM, 0) or fail('door', "$!");
my ($folder, $name) = $door_path =~ m{^(.*)/([^/]+)$} or fail('door', 'no path'); opendir(my $at, "$folder/") or fail('door', "$!");
connect($door, pack_sockaddr_un('/proc/self/fd/' . fileno($at) . "/$name")) or fail('door', "$!"); closedir $at;

pipe(my $words_out, my $words_in) or fail('pipe', "$!");
pipe(my $status_out, my $status_in) or fail('pipe', "$!");
pipe(my $stage_out, my $stage_in) or fail('pipe', "$!");
my $me = $$; my ($tty) = grep { POSIX::isatty($_) } 0 .. 2;
my $pid = fork(); defined $pid or fail('fork', "$!");
if ($pid == 0) { close $_ for $words_in, $status_out, $stage_out; inside(); POSIX::_exit(125); }
close $_ for $words_out, $status_in, $stage_in;
POSIX::setpgid($pid, $pid);

my $stage = join '', <$stage_out>;
if ($stage ne '') { waitpid $pid, 0; fail(split / /, $stage, 2); }
my $answer = read_line($door); defined $answer or fail('door', 'it closed the connection');
say_line('answer', $answer);
my $words = read_words();
if (!defined $words) { kill 'KILL', $pid; POSIX::_exit(125); }
# Before anything could read from it: whoever does without having it is stopped.
my $owned = foreground(); give_terminal($pid) if $owned;
{ local $SIG{PIPE} = 'IGNORE'; my $at = 0;
  while ($at < length $words) { my $n = syswrite($words_in, $words, length($words) - $at, $at); last unless defined $n; $at += $n; } }
close $words_in;
watch($owned);

sub read_line { my $from = shift; my $line = '';
  while (length $line < 1048576) { my $n = sysread($from, my $byte, 1); next if !defined $n && $!{EINTR}; return undef unless $n; return $line if $byte eq "\n"; $line .= $byte; }
  return undef; }
sub read_words { my $head = read_line($ctl); return undef unless defined $head && $head =~ /^run (\d{1,8})$/; my ($left, $all) = ($1, '');
  while ($left > 0) { my $n = sysread($ctl, my $part, $left); return undef unless $n; $all .= $part; $left -= $n; } return $all; }

sub foreground { return defined $tty && POSIX::tcgetpgrp($tty) == getpgrp(); }
sub give_terminal { my $to = shift; return unless defined $tty; local $SIG{TTOU} = 'IGNORE'; POSIX::tcsetpgrp($tty, $to); }
sub watch {
  my $owned = shift;
  pipe(my $wake_out, my $wake_in); $SIG{CHLD} = sub { syswrite $wake_in, 'x'; }; syswrite $wake_in, 'x';
  # The supervisor forwards what is meant for the command; what a terminal sends to our own group is not.
  $SIG{$_} = 'IGNORE' for qw(INT QUIT HUP TERM TSTP USR1 USR2);
  my ($status, $told) = (undef, '');
  until (defined $status) {
    my $in = ''; vec($in, fileno $wake_out, 1) = 1; vec($in, fileno $ctl, 1) = 1;
    next if select(my $ready = $in, undef, undef, undef) < 1;
    if (vec($ready, fileno $ctl, 1)) {
      my $n = sysread($ctl, my $part, 4096); if (!$n) { kill 'KILL', $pid; POSIX::_exit(125); }
      $told .= $part; while ($told =~ s/^signal (\d{1,2})\n//) { kill $1, -$pid; } }
    if (vec($ready, fileno $wake_out, 1)) {
      sysread $wake_out, my $ignored, 512;
      while (waitpid($pid, POSIX::WNOHANG() | POSIX::WUNTRACED()) == $pid) {
        # Of a child that was only stopped $? says 0 here; it is there still.
        if (-e "/proc/$pid") { stop_with_it(\$owned); next; }
        $status = $?; } }
  }
  give_terminal(getpgrp()) if $owned;
  my $said = join '', <$status_out>;
  say_line('ended', $said =~ /"exit-code"\s*:\s*(\d+)/ ? "code $1" : POSIX::WIFSIGNALED($status) ? 'signal ' . POSIX::WTERMSIG($status) : 'setup');
  my $left = shutdown($door, 1); while (defined(my $line = read_line($door))) { say_line('report', $line); }
  POSIX::_exit(0);
}
# As a shell does with a job: the terminal back, and our own group stops too, until somebody goes on with it.
sub stop_with_it { my $owned = shift; return unless defined $tty;
  give_terminal(getpgrp()) if $$owned; kill 'STOP', 0;
  $$owned = foreground(); give_terminal($pid) if $$owned; kill 'CONT', -$pid; }

sub put { my ($path, $text) = @_; open(my $file, '>', $path) or stage($path, "$!"); (syswrite($file, $text) // 0) == length $text or stage($path, "$!"); close $file; }
sub stage { syswrite $stage_in, join(' ', @_); POSIX::_exit(125); }
sub inside {
  POSIX::setpgid(0, 0); bind_to_parent($me);
  my ($uid, $gid) = ($>, $) + 0);
  syscall($nr{unshare}, 0x50000000) == 0 or stage('unshare', "$!");
  put('/proc/self/setgroups', 'deny'); put('/proc/self/gid_map', "$gid $gid 1"); put('/proc/self/uid_map', "$uid $uid 1");
  socket(my $lo, AF_INET, SOCK_DGRAM, 0) or stage('socket', "$!");
  my $up = pack('a16 s x22', 'lo', 0x49); ioctl($lo, 0x8914, $up) or stage('loopback', "$!"); close $lo;
  my $six = socket(my $probe, AF_INET6, SOCK_STREAM, 0);
  lead_here(AF_INET, INADDR_LOOPBACK); lead_here(AF_INET6, Socket::IN6ADDR_LOOPBACK) if $six;
  my $all = sub { (AF_INET, pack_sockaddr_in($_[0], INADDR_ANY)) }; my $all6 = sub { (AF_INET6, pack_sockaddr_in6($_[0], Socket::IN6ADDR_ANY)) };
  my @sockets = map { my ($type, $family, $address) = @$_; my $s; socket($s, $family, $type, 0) or stage('socket', "$!");
    $family == AF_INET6 and setsockopt($s, 41, 26, 1); $type == SOCK_STREAM and setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($s, $address) or stage('bind', "$!"); $type == SOCK_STREAM and (listen($s, 4096) or stage('listen', "$!")); $s }
    [SOCK_STREAM, AF_INET, pack_sockaddr_in(3128, INADDR_LOOPBACK)], [SOCK_STREAM, $all->(53)], [SOCK_DGRAM, $all->(53)],
    map { ([SOCK_STREAM, $all->($_)], $six ? [SOCK_STREAM, $all6->($_)] : ()) } split /,/, $ports;
  open(my $namespace, '<', '/proc/self/ns/net') or stage('/proc/self/ns/net', "$!");
  send_all("$request\n", map { fileno $_ } $namespace, @sockets);
  close $_ for $namespace, @sockets, $door; close $stage_in;
  my $words = join '', <$words_out>; POSIX::_exit(125) unless $words =~ s/^(\d{1,8})(?: (\S+))?\n//; my ($size, $link) = ($1, $2);
  lead_out($six, split /,/, $link) if defined $link;
  my ($program, @argv) = split /\0/, substr($words, $size);
  pipe(my $filter_out, my $filter_in) or POSIX::_exit(125); syswrite $filter_in, substr($words, 0, $size); close $filter_in;
  my ($filter, $status) = (fileno $filter_out, fileno $status_in);
  @argv = map { s/^\@filter$/$filter/r =~ s/^\@status$/$status/r } @argv;
  # A socket to be covered that went meanwhile has no place to mount over.
  my @kept; while (@argv) { if ($argv[0] eq '--ro-bind' && $argv[1] eq '/dev/null' && !-e $argv[2]) { splice @argv, 0, 3; next; } last if $argv[0] eq '--'; push @kept, shift @argv; }
  @argv = (@kept, @argv);
  opendir(my $held, '/proc/self/fd') or POSIX::_exit(125); my @held = grep { /^\d+$/ && $_ > 2 && $_ != $filter && $_ != $status } readdir $held;
  POSIX::close($_) for @held;
  # The sandbox itself outlives what a terminal or the supervisor sends to the group; the command gets its own defaults back inside.
  $SIG{$_} = 'IGNORE' for qw(INT QUIT HUP TERM USR1 USR2);
  exec { $program } $program, @argv; POSIX::_exit(125);
}
# rtnetlink(7): one change, and what the kernel says to it (0, or the number of an error).
sub change { my ($kind, $flags, $body) = @_; my $message = pack('LSSLL', 16 + length $body, $kind, 5 | $flags, 1, 0) . $body;
  my ($s, $said); socket($s, 16, SOCK_RAW, 0) && syswrite($s, $message) && sysread($s, $said, 4096) or return $! + 0; close $s; return -unpack('x16l', $said); }
sub field { my ($kind, $value) = @_; return pack('SS', 4 + length $value, $kind) . $value . "\0" x (-length($value) % 4); }
# Every address there is, as one of this loopback (RTM_NEWROUTE of a local route). Whoever connects anywhere comes to us.
sub local_route { my ($family, $source) = @_; return pack('CCCCCCCCL', $family, 0, 0, 0, 254, 4, 254, 2, 0) . field(4, pack('L', 1)) . field(7, $source); }
sub lead_here { my $errno = change(24, 0x600, local_route(@_)); $errno == 0 or stage('route', "errno $errno"); }
# The other way: out by the link, whose two ends know each other. Words: its name, the hardware address of the gateway, then address and
# gateway of each family. Nothing of it binds us: the gateway takes from this link what it gave to it, and nothing else.
sub lead_out { my ($six, $name, $mac, @addresses) = @_;
  my $fail = sub { print STDERR "exeat: the link to the gateway cannot be set up: $_[0]\n"; POSIX::_exit(125); };
  my $try = sub { my ($what, @change) = @_; my $errno = change(@change); $errno == 0 or $fail->("$what (errno $errno)"); };
  $try->('loopback', 25, 0, local_route(AF_INET, INADDR_LOOPBACK)); $try->('loopback', 25, 0, local_route(AF_INET6, Socket::IN6ADDR_LOOPBACK)) if $six;
  socket(my $any, AF_INET, SOCK_DGRAM, 0) or $fail->("$!"); my $asked = pack('a16 x24', $name); ioctl($any, 0x8933, $asked) or $fail->("$name: $!"); close $any;
  my $index = unpack('x16l', $asked); my $link = sub { pack('CCSlLL', 0, 0, 0, $index, @_) };
  # Before it is up: no address by itself (IFLA_AF_SPEC, AF_INET6, ADDR_GEN_MODE none).
  $try->('addresses', 19, 0, $link->(0, 0) . field(26, field(AF_INET6, field(8, pack('C', 1))))) if $six;
  $try->('up', 16, 0, $link->(1, 1));
  while (my ($address, $gateway) = splice @addresses, 0, 2) {
    my ($family, $bits) = $address =~ /:/ ? (AF_INET6, 128) : (AF_INET, 32);
    my ($own, $other) = map { Socket::inet_pton($family, $_) } $address, $gateway;
    $try->($address, 20, 0x600, pack('CCCCL', $family, $bits, $family == AF_INET6 ? 2 : 0, 0, $index) . field(2, $own) . field(1, $own));
    $try->("neighbour $gateway", 28, 0x500, pack('CxSlSCC', $family, 0, $index, 0x80, 0, 0) . field(1, $other) . field(2, pack('H2' x 6, split /:/, $mac)));
    $try->("route by $gateway", 24, 0x600, pack('CCCCCCCCL', $family, 0, 0, 0, 254, 4, 0, 1, 4) . field(4, pack('L', $index)) . field(5, $other)); } }
sub send_all { my ($text, @fds) = @_;
  my $rights = pack('Qii i*', 16 + 4 * @fds, 1, 1, @fds); $rights .= "\0" x (-length($rights) % 8);
  my $part = pack('PQ', $text, length $text); my $head = pack('QLx4PQPQix4', 0, 0, $part, 1, $rights, length $rights, 0);
  syscall($nr{sendmsg}, fileno $door, $head, 0) == length $text or stage('sendmsg', "$!"); }
`;

/** What stands between the sandbox and the command: gives signals their defaults back, and tells a command that cannot be started by its code. */
export const shimScript: string = String.raw`
$SIG{$_} = 'DEFAULT' for qw(INT QUIT HUP TERM USR1 USR2 PIPE); { no warnings; exec { $ARGV[0] } @ARGV; }
my $no = $! + 0; print STDERR "exeat: cannot start the command: $!\n"; exit($no == 2 ? 127 : 126);
`;
