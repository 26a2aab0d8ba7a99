# A session of Mail::IMAPClient, as scripts have it; the test starts it as: imapclient.pl PORT CA USER PASSWORD COMPRESS
# INBOX has the mails of kinds(), in order.
use strict;
use warnings;
use Mail::IMAPClient;

my ($port, $ca, $user, $password, $compress) = @ARGV;
my $imap = Mail::IMAPClient->new(
    Server => 'localhost', Port => $port, User => $user, Password => $password, Uid => 1, Compress => $compress,
    Ssl => [SSL_ca_file => $ca, SSL_verifycn_name => 'localhost'],
) or die "no session: $@";

sub must {
    my ($what, $result) = @_;
    defined $result or die "$what: " . ($imap->LastError // 'no result') . "\n";
    return $result;
}

sub is {
    my ($what, $got, $want) = @_;
    $got eq $want or die "$what: got '$got', want '$want'\n";
}

$imap->has_capability($_) or die "no capability $_\n" for qw(IDLE MOVE SORT THREAD=REFERENCES UIDPLUS QUOTA);
is('separator', $imap->separator, '/');
must('folders', scalar grep { $_ eq 'Trash' } $imap->folders) or die 'no Trash';
is('selectable', $imap->selectable('INBOX') ? 1 : 0, 1);

# Folders.
must('create', scalar $imap->create('Perl &- more/Sub'));
must('subscribe', scalar $imap->subscribe('Perl &- more/Sub'));
must('rename', scalar $imap->rename('Perl &- more/Sub', 'Perl &- more/Other'));
is('exists', $imap->exists('Perl &- more/Other') ? 1 : 0, 1);
is('parent', $imap->is_parent('Perl &- more') ? 1 : 0, 1);

# What there is.
must('select', scalar $imap->select('INBOX'));
my @all = $imap->messages;
my $n = $imap->message_count;
is('count', scalar @all, $n);
is('unseen', $imap->unseen_count, $n);
is('uidnext', $imap->uidnext('INBOX'), $all[-1] + 1);
my @dots = $imap->search('HEADER', 'X-Kind', $imap->Quote('dots'));
is('search', "@dots", $all[6]);
my @large = $imap->search('LARGER', 100000);
is('larger', "@large", $all[-1]);
my @sorted = $imap->sort('REVERSE SIZE', 'UTF-8', 'ALL');
is('sorted', scalar @sorted, $n);
is('the largest', $sorted[0], $all[-1]);
my $threads = must('thread', scalar $imap->thread('REFERENCES', 'UTF-8', 'ALL'));
is('threads', scalar @$threads, $n);

# Fetch.
my $hash = must('fetch_hash', scalar $imap->fetch_hash('FLAGS', 'RFC822.SIZE', 'INTERNALDATE'));
is('hash', scalar keys %$hash, $n);
is('string', length $imap->message_string($dots[0]), $hash->{$dots[0]}{'RFC822.SIZE'});
is('header', $imap->get_header($all[11], 'X-Kind'), 'folded');
my $headers = must('parse_headers', scalar $imap->parse_headers([@all], 'Message-ID', 'X-Kind'));
is('headers', $headers->{$dots[0]}{'X-Kind'}[0], 'dots');
for my $uid (@all) {
    my $body = must('bodystructure', scalar $imap->get_bodystructure($uid));
    my $envelope = must('envelope', scalar $imap->get_envelope($uid));
    is('from', ($envelope->from_addresses)[0], 'Luis <luis@example.test>');
}
is('attachment', lc $imap->get_bodystructure($all[-1])->bodytype, 'application');

# Flags, copies, moves.
must('see', scalar $imap->see($all[0], $all[1]));
is('seen', join(' ', $imap->seen), "$all[0] $all[1] $dots[0]");
must('set_flag', scalar $imap->set_flag('\\Flagged', $all[2]));
must('keyword', scalar $imap->set_flag('Kept', $all[2]));
is('keyword', join(' ', $imap->search('KEYWORD', 'Kept')), $all[2]);
is('flags', join(' ', sort grep { $_ ne '\\Recent' } $imap->flags($all[2])), 'Kept \\Flagged');
must('unset_flag', scalar $imap->unset_flag('Kept', $all[2]));
must('copy', scalar $imap->copy('Perl &- more/Other', $all[0], $all[1]));
is('copied', $imap->message_count('Perl &- more/Other'), 2);
must('move', scalar $imap->move('Trash', $all[3]));
must('expunge', scalar $imap->expunge); # move is COPY and \Deleted to this program
is('moved', $imap->message_count, $n - 1);
must('delete', scalar $imap->delete_message($all[4]));
must('uidexpunge', scalar $imap->uidexpunge($all[4]));
is('deleted', $imap->message_count, $n - 2);

# Put in.
my $uid = must('append', scalar $imap->append_string('Perl &- more/Other', "Subject: from Perl\r\nX-Kind: perl\r\n\r\n¡Hola!\r\n", '\\Seen Kept', '22-Nov-2026 10:00:00 +0000'));
must('select', scalar $imap->select('Perl &- more/Other'));
is('appended', $imap->get_header($uid, 'X-Kind'), 'perl');
is('date', $imap->internaldate($uid), '22-Nov-2026 10:00:00 +0000');

must('quota', scalar $imap->getquotaroot('INBOX'));

# Idle: the test sends a mail when it sees the mailbox gone. Then rest.
must('select', scalar $imap->select('INBOX'));
my $tag = must('idle', scalar $imap->idle);
my $other = Mail::IMAPClient->new(
    Server => 'localhost', Port => $port, User => $user, Password => $password, Uid => 1,
    Ssl => [SSL_ca_file => $ca, SSL_verifycn_name => 'localhost'],
) or die "no second session: $@";
$other->append_string('INBOX', "Subject: new\r\nX-Kind: new\r\n\r\nnew\r\n") or die $other->LastError;
$other->logout;
my $news = '';
for (1 .. 60) {
    $news .= join '', @{ $imap->idle_data(1) || [] };
    last if $news =~ /EXISTS/;
}
$news =~ /EXISTS/ or die "idle told nothing: $news\n";
must('done', scalar $imap->done($tag));
is('after idle', $imap->message_count, $n - 1);

must('delete', scalar $imap->delete('Perl &- more/Other'));
must('close', scalar $imap->close);
must('logout', scalar $imap->logout);
print "done\n";
