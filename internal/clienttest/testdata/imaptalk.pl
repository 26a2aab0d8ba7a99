# A session of Mail::IMAPTalk, as scripts have it; the test starts it as: imaptalk.pl PORT CA USER PASSWORD COMPRESS
# INBOX has the mails of kinds(), in order.
use strict;
use warnings;
use Mail::IMAPTalk;
use POSIX ();

$SIG{__DIE__} = sub { return if $^S || !defined $^S; print STDERR @_; POSIX::_exit(1) }; # at a usual end a blocking session waits for more
my ($port, $ca, $user, $password, $compress) = @ARGV;

sub session {
    return Mail::IMAPTalk->new(
        Server => 'localhost', Port => $port, Username => $user, Password => $password, Uid => 1, UseCompress => $compress,
        UseSSL => 1, UseBlocking => 1, # else it takes a session ticket of TLS 1.3 for the end
        SSL_ca_file => $ca, SSL_verifycn_name => 'localhost',
    ) || die "no session: $@";
}

my $imap = session();
$imap->set_unicode_folders(1);

sub must {
    my ($what, $result) = @_;
    defined $result or die "$what: $@\n";
    return $result;
}

sub is {
    my ($what, $got, $want) = @_;
    $got eq $want or die "$what: got '$got', want '$want'\n";
}

my $can = must('capability', scalar $imap->capability);
$can->{$_} or die "no capability $_\n" for qw(qresync condstore move metadata);
must('id', scalar $imap->id(name => 'Mail::IMAPTalk'));
must('enable', scalar $imap->enable('qresync'));
must('namespace', scalar $imap->namespace);

# Folders.
must('create', scalar $imap->create("Perl/\x{00dc}ber & more"));
must('subscribe', scalar $imap->subscribe("Perl/\x{00dc}ber & more"));
my $list = must('list', scalar $imap->list('', '*'));
grep { $_->[2] eq "Perl/\x{00dc}ber & more" } @$list or die "the new folder is not listed\n";
must('setmetadata', scalar $imap->setmetadata('INBOX', '/private/comment', 'mine'));
is('metadata', must('getmetadata', scalar $imap->getmetadata('INBOX', '/private/comment'))->{Inbox}{'/private/comment'}, 'mine');

# What there is.
must('select', scalar $imap->select('INBOX'));
my @all = @{ must('search', scalar $imap->search('1:*', 'NOT', 'DELETED')) };
my $n = must('status', scalar $imap->status('INBOX', '(messages unseen uidnext highestmodseq)'))->{messages};
is('count', scalar @all, $n);
is('exists', $imap->get_response_code('exists'), $n);
is('sort', $imap->sort('(reverse size)', 'UTF-8', 'NOT', 'DELETED')->[0], $all[-1]);
is('thread', scalar @{ must('thread', scalar $imap->thread('REFERENCES', 'UTF-8', 'NOT', 'DELETED')) }, $n);
my ($dots) = @{ $imap->search('1:*', 'HEADER', 'X-Kind', 'dots') };
is('dots', $dots, $all[6]);

# Fetch.
my $got = must('fetch', scalar $imap->fetch('1:*', '(flags internaldate rfc822.size envelope bodystructure modseq)'));
is('fetched', scalar keys %$got, $n);
for my $uid (@all) {
    is('from', $got->{$uid}{envelope}{From}, '"Luis" <luis@example.test>');
    $got->{$uid}{bodystructure}{'MIME-Type'} or die "no type of $uid\n";
}
is('attachment', $got->{ $all[-1] }{bodystructure}{'MIME-Subtype'}, 'octet-stream');
my $text = must('fetch', scalar $imap->fetch($dots, 'body.peek[]'))->{$dots}{body};
is('size', length $text, $got->{$dots}{'rfc822.size'});
my $large = must('fetch', scalar $imap->fetch($all[-1], 'rfc822'))->{ $all[-1] }{rfc822};
is('large', length $large, $got->{ $all[-1] }{'rfc822.size'});
my $flags = must('fetch_flags', scalar $imap->fetch_flags('1:*'));
is('flags', scalar keys %$flags, $n);

# Flags, copies, removals.
must('store', scalar $imap->store("$all[0]:$all[1]", '+flags', '(\\Flagged Kept)'));
is('flagged', join(' ', @{ $imap->search('1:*', 'KEYWORD', 'Kept') }), "$all[0] $all[1]");
must('store', scalar $imap->store($all[1], '-flags', '(Kept)'));
must('copy', scalar $imap->copy("$all[0],$all[1]", "Perl/\x{00dc}ber & more"));
is('copied', $imap->message_count("Perl/\x{00dc}ber & more"), 2);
must('store', scalar $imap->store($all[4], '+flags', '(\\Deleted)'));
must('uidexpunge', scalar $imap->uidexpunge($all[4]));
is('left', scalar @{ $imap->search('1:*', 'ALL') }, $n - 1);

# Put in.
my $octets = "Subject: from Perl\r\nX-Kind: perl\r\n\r\n\xa1Hola!\r\n" . ("line\r\n" x 20000);
must('append', scalar $imap->append("Perl/\x{00dc}ber & more", '(\\Seen)', '22-Nov-2026 10:00:00 +0000', { 'Literal' => $octets }));
must('select', scalar $imap->select("Perl/\x{00dc}ber & more"));
is('octets', must('fetch', scalar $imap->fetch('*', 'body[]'))->{ ($imap->search('*', 'ALL'))->[0] }{body}, $octets);

# Idle. Another session puts a mail in just before, and one more when that has been told.
must('select', scalar $imap->select('INBOX'));
my $other = session();
sub put { $other->append('INBOX', { 'Literal' => "Subject: new\r\nX-Kind: new\r\n\r\nnew\r\n" }) or die "append: $@" }
my $exists = 0;
put();
must('idle', scalar $imap->idle(sub {
    my ($what, $number) = @_;
    return 0 if $what ne 'exists';
    put() if $number == $n;
    $exists = $number;
    return $exists > $n;
}, 60));
is('told in idle', $exists, $n + 1);

must('delete', scalar $imap->delete("Perl/\x{00dc}ber & more"));
must('unselect', scalar $imap->unselect);
must('logout', scalar $imap->logout);
print "done\n";
