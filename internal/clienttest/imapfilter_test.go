package clienttest

import "testing"

// imapfilterrc sorts mail by header, size, flags and words in the body, as people use the program, and then waits for more.
const imapfilterrc = `
options.timeout = 60
options.create = true
options.subscribe = true
options.info = false
options.charset = 'UTF-8'

ana = IMAP { server = 'localhost', port = {port imaps}, ssl = 'auto', username = '{user}', password = '{password}' }
luis = IMAP { server = 'localhost', port = {port imap}, username = 'luis@example.test', password = '{password}' }

function must(ok, what) if not ok then io.stderr:write('not so: ' .. what .. '\n') os.exit(1) end end

function sort()
	local inbox = ana['INBOX']
	local dots = inbox:match_field('X-Kind', '^dots$')
	must(#dots == 1, 'one mail matches, not ' .. #dots)
	dots:move_messages(ana['Sorted/Dots']);
	(inbox:contain_body('你好') * inbox:is_unseen()):move_messages(ana['Trash']);
	(inbox:contain_field('X-Kind', 'empty') - inbox:contain_field('X-Kind', 'empty-lines')):delete_messages()
	inbox:is_larger(100000):copy_messages(luis['INBOX'])
	inbox:contain_subject('a subject'):mark_flagged();
	(inbox:contain_field('X-Kind', 'spaces') + inbox:contain_field('X-Kind', 'plain')):add_flags({ 'Sorted', '\\Seen' })
	inbox:contain_field('X-Kind', 'long-lines'):copy_messages(ana['Archive'])
	local boxes, folders = ana:list_all('Sorted')
	must(boxes[1] == 'Sorted/Dots', 'the new mailbox is there')
end

sort()
while true do
	local awake, event = ana['INBOX']:enter_idle()
	must(awake, 'idle')
	if #ana['INBOX']:contain_field('X-Kind', 'dots') > 0 then sort() end
end
`

func TestImapfilter(t *testing.T) {
	need(t, "imapfilter")
	t.Parallel()
	b := newBox(t)
	mails := kinds()
	b.deliver(t, mails...)
	b.background(t, nil, nil, "imapfilter", "-t", b.ca, "-c", b.write("config.lua", b.fill(imapfilterrc)))
	e, luis := b.look(t, ana), b.look(t, luis)
	e.await("Archive", "MESSAGES", 1) // the last that it does
	e.await("INBOX", "MESSAGES", len(mails)-3)
	e.await("Sorted/Dots", "MESSAGES", 1)
	e.await("Trash", "MESSAGES", 1)
	e.await("INBOX", "UNSEEN", len(mails)-3-2)
	luis.await("INBOX", "MESSAGES", 1)

	// It waits, is told of new mail, and sorts that too.
	for _, m := range mails {
		if m.kind == "dots" {
			b.deliver(t, m)
		}
	}
	e.await("Sorted/Dots", "MESSAGES", 2)
	luis.await("INBOX", "MESSAGES", 2)
	e.await("Archive", "MESSAGES", 2)
	compare(t, mails[len(mails)-1:], nil, b.take(t, "luis@example.test"))
}
