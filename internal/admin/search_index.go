package admin

import (
	"context"

	"buzon/internal/cli"
	"buzon/internal/store"
)

type searchIndexCommands struct {
	Status  searchIndexStatus  `cmd:"" help:"help_search_index_status"`
	Rebuild searchIndexRebuild `cmd:"" help:"help_search_index_rebuild"`
}

type searchIndexItem struct {
	On      bool  `json:"on"`
	Indexed int64 `json:"indexed"` // messages
	Waiting int64 `json:"waiting"` // messages
	Skipped int64 `json:"skipped"` // messages
	Size    int64 `json:"size"`    // octets
}

type searchIndexStatus struct {
	JSON bool `help:"flag_json"`
}

// Run tells how far the index of all text is.
func (cmd *searchIndexStatus) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	return d.tellSearchIndex(ctx, st, cmd.JSON, "search_index_status")
}

type searchIndexRebuild struct {
	JSON bool `help:"flag_json"`
}

// Run forgets the index; the server makes it anew when it is quiet.
func (cmd *searchIndexRebuild) Run(ctx context.Context, d *Desk) error {
	st, err := d.store(ctx)
	if err != nil {
		return err
	}
	if !st.Settings().SearchIndex {
		return cli.Fail("error_search_index_off")
	}
	if err := st.DropIndex(ctx); err != nil {
		return err
	}
	return d.tellSearchIndex(ctx, st, cmd.JSON, "done_search_index_rebuild")
}

func (d *Desk) tellSearchIndex(ctx context.Context, st *store.Store, asJSON bool, key string) error {
	s, err := st.IndexStatus(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return d.JSON(searchIndexItem{s.On, s.Indexed, s.Waiting, s.Skipped, s.Octets})
	}
	if !s.On {
		key = "search_index_off"
	}
	d.Println(key, "indexed", count(s.Indexed), "waiting", count(s.Waiting), "skipped", count(s.Skipped), "size", humanSize(s.Octets))
	return nil
}
