package page

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"buzon/internal/doctor"
	"buzon/internal/store"
	"buzon/internal/wear"
)

func (p *Page) backupRoutes(m *routes) {
	m.get("/backup", admins, p.showBackup)
	m.post("/backup/download", admins, p.download)
	m.post("/upload/restore", admins, p.receiveRestore)
	m.post("/backup/restore", admins, p.commitRestore)
	m.post("/backup/discard", admins, p.discardRestore)
}

// backupView is the page of backup and restore.
type backupView struct {
	Last     time.Time // of the last backup; zero: none is known of
	File     int64     // octets
	Room     bool      // on the disk for a copy
	Contents *store.Contents
	Domains  string
}

func (p *Page) showBackup(r *request) (reply, error) {
	v, err := p.backupView(r)
	if err != nil {
		return nil, err
	}
	return r.render("backup", v)
}

func (p *Page) backupView(r *request) (v backupView, err error) {
	if _, v.Last, _, err = p.Store.Noted(r.Context(), doctor.NoteBackup); err != nil {
		return v, err
	}
	space, err := wear.Measure(p.Data)
	v.File, v.Room = space.File, space.Free > space.File+spare
	if s := p.staged(); s.name != "" {
		v.Contents, v.Domains = &s.contents, strings.Join(s.contents.Domains, ", ")
	}
	return v, err
}

// spare is what a copy must leave on the disk for mail that comes meanwhile.
const spare = 64 << 20 // octets

// copyEnd is what the copy is called, after the file's own name, while somebody fetches it.
const copyEnd = ".download"

// copyTime is how long making the copy may take; how long fetching it may, is not bounded while it moves.
const copyTime = 30 * time.Minute

// download makes a copy of the file beside it, sends it, and removes it. One at a time: each takes as much room as the file.
func (p *Page) download(r *request) (reply, error) {
	if !p.copying.CompareAndSwap(false, true) {
		return r.again("/backup", fail("page_error_copying"))
	}
	f, err := p.copy(r)
	if err != nil {
		p.copying.Store(false)
		return r.again("/backup", err)
	}
	r.audit("backup")
	return func(w http.ResponseWriter) error {
		defer p.copying.Store(false)
		defer f.Close()
		return p.sendCopy(w, r, f)
	}, nil
}

// copy makes the copy and gives it open, with no name any more: whatever happens, it is gone then.
func (p *Page) copy(r *request) (*os.File, error) {
	path := p.Data + copyEnd
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // a crash left it
		return nil, err
	}
	space, err := wear.Measure(p.Data)
	if err != nil {
		return nil, err
	}
	if space.Free < space.File+spare {
		return nil, fail("page_error_backup_room")
	}
	ctx, cancel := context.WithTimeout(r.Context(), copyTime)
	defer cancel()
	if err := http.NewResponseController(r.writer).SetWriteDeadline(time.Now().Add(copyTime + patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	if err := p.Store.Backup(ctx, path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	return f, errors.Join(err, os.Remove(path))
}

func (p *Page) sendCopy(w http.ResponseWriter, r *request, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	name := "buzon-" + p.Now().Format(time.DateOnly) + filepath.Ext(p.Data)
	w.Header().Set("Content-Type", "application/vnd.sqlite3")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	w.Header().Set("Content-Length", itoa(info.Size()))
	if _, err := io.Copy(&movingWriter{w, r.moving()}, f); err != nil {
		return err
	}
	return p.Store.Note(p.ctx, doctor.NoteBackup, r.say("page_backup_where", "address", r.from))
}

// stagedFile is a file that was sent and looked at, and waits for the person's yes.
type stagedFile struct {
	name     string
	contents store.Contents
}

// staged is the one that waits, if any.
func (p *Page) staged() stagedFile {
	p.restoring.Lock()
	defer p.restoring.Unlock()
	return p.restore
}

// setStaged has another wait, and removes the one before.
func (p *Page) setStaged(s stagedFile) error {
	p.restoring.Lock()
	defer p.restoring.Unlock()
	before := p.restore.name
	p.restore = s
	if before == "" {
		return nil
	}
	return store.Discard(before)
}

// receiveRestore takes a backup as it comes, beside the file, and shows what is in it.
func (p *Page) receiveRestore(r *request) (reply, error) {
	if !p.copying.CompareAndSwap(false, true) {
		return r.again("/backup", fail("page_error_copying"))
	}
	defer p.copying.Store(false)
	file, err := r.upload()
	if err != nil {
		return r.again("/backup", err)
	}
	contents, name, err := store.Receive(r.Context(), p.Data, file)
	if err != nil {
		return r.again("/backup", restoreProblem(err))
	}
	r.audit("restore-upload", "accounts", contents.Accounts, "messages", contents.Messages)
	if err := p.setStaged(stagedFile{name, contents}); err != nil {
		return nil, err
	}
	return r.redirect("/backup#restore"), nil
}

// restoreProblem puts what is wrong with a backup in words.
func restoreProblem(err error) error {
	for _, known := range []struct {
		err error
		key string
	}{
		{store.ErrNotBuzon, "page_error_not_buzon"}, {store.ErrNewer, "page_error_newer"}, {store.ErrDamaged, "page_error_damaged"},
		{io.ErrUnexpectedEOF, "page_error_cut"},
	} {
		if errors.Is(err, known.err) {
			return fail(known.key)
		}
	}
	return err
}

// commitRestore makes the file that waits the one. The server begins again with it within seconds, and so does the page.
func (p *Page) commitRestore(r *request) (reply, error) {
	p.restoring.Lock()
	s := p.restore
	p.restore = stagedFile{}
	p.restoring.Unlock()
	if s.name == "" {
		return r.again("/backup", fail("page_error_gone"))
	}
	if err := store.Commit(p.Data, s.name); err != nil {
		return nil, err
	}
	r.audit("restore", "accounts", s.contents.Accounts, "messages", s.contents.Messages)
	return r.status(http.StatusOK, "page_restore_begun"), nil
}

func (p *Page) discardRestore(r *request) (reply, error) {
	if err := p.setStaged(stagedFile{}); err != nil {
		return nil, err
	}
	return r.back("/backup", "page_restore_discarded"), nil
}
