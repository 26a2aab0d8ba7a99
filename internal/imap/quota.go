package imap

// The quota of an account is one root for all its mailboxes (RFC 9208 §3).
const quotaRoot = "Account"

// quotaResource is one row of what is counted.
type quotaResource struct {
	name       string
	capability string
	usage      func(q *Quota) (used, limit int64) // in the resource's units
}

// quotaResources is the table of them (RFC 9208 §5). STORAGE counts units of 1024 octets.
var quotaResources = []quotaResource{
	{"STORAGE", "QUOTA=RES-STORAGE", func(q *Quota) (int64, int64) { return (q.UsedOctets + 1023) / 1024, q.Octets / 1024 }},
	{"MESSAGE", "QUOTA=RES-MESSAGE", func(q *Quota) (int64, int64) { return q.UsedMessages, q.Messages }},
	{"MAILBOX", "QUOTA=RES-MAILBOX", func(q *Quota) (int64, int64) { return q.UsedMailboxes, q.Mailboxes }},
}

// getQuota is GETQUOTA (RFC 9208 §4.1.1).
func (s *session) getQuota(tag string) error {
	root, err := s.rootArgument()
	if err != nil {
		return err
	}
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	if root != quotaRoot {
		return refuse("NONEXISTENT", "There is no such quota root.")
	}
	if err := s.writeQuota(); err != nil {
		return err
	}
	return s.ok(tag, "", "Done.")
}

// getQuotaRoot is GETQUOTAROOT (RFC 9208 §4.1.2).
func (s *session) getQuotaRoot(tag string) error {
	names, err := s.nameArguments(1)
	if err != nil {
		return err
	}
	m, err := s.account.Mailbox(s.ctx, names[0])
	if err != nil {
		return err
	}
	s.enc.Raw("* QUOTAROOT ").MailboxName(m.Name).Byte(' ').String(quotaRoot).CRLF()
	if err := s.writeQuota(); err != nil {
		return err
	}
	return s.ok(tag, "", "Done.")
}

// setQuota is SETQUOTA (RFC 9208 §4.1.3), which is the administrator's: QUOTASET is not advertised.
func (s *session) setQuota(string) error {
	if _, err := s.rootArgument(); err != nil {
		return err
	}
	if err := s.dec.SP(); err != nil {
		return err
	}
	if err := s.dec.SkipList(); err != nil {
		return err
	}
	if err := s.dec.CRLF(); err != nil {
		return err
	}
	return refuse("NOPERM", "Quotas are set on the server's own page.")
}

// deletedStorage is how many octets EXPUNGE would give back.
func deletedStorage(s *session, m *Mailbox) (int64, error) {
	if m.Deleted == 0 {
		return 0, nil
	}
	return s.account.DeletedSize(s.ctx, m.Name)
}

func (s *session) rootArgument() (string, error) {
	if err := s.dec.SP(); err != nil {
		return "", err
	}
	return s.dec.AString()
}

// writeQuota writes one QUOTA line (RFC 9208 §4.2.1). What has no limit is not in it.
func (s *session) writeQuota() error {
	q, err := s.account.Quota(s.ctx)
	if err != nil {
		return err
	}
	s.enc.Raw("* QUOTA ").String(quotaRoot).Raw(" (")
	sep := ""
	for _, r := range quotaResources {
		used, limit := r.usage(&q)
		if limit == 0 || !s.has(r.capability) {
			continue
		}
		s.enc.Raw(sep).Raw(r.name).Byte(' ').Number64(used).Byte(' ').Number64(limit)
		sep = " "
	}
	s.enc.Raw(")\r\n")
	return nil
}
