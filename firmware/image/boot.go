package image

import (
	_ "embed"
	"strings"

	"buzon/firmware/internal/fat"
)

// What the owner finds in the folder buzon/ of the card, for people and in the form that any computer's editor takes.
var (
	//go:embed owner/README.txt
	ownerEnglish string
	//go:embed owner/LEEME.txt
	ownerSpanish string
	//go:embed owner/settings.txt.example
	ownerSettings string
)

// ownerFolder is where the first process looks for settings and puts the claim code.
const ownerFolder = "buzon/"

// bootFiles are those of the first partition.
func (o Options) bootFiles() ([]fat.File, error) {
	files := []fat.File{
		fat.Text(ownerFolder+"README.txt", windows(ownerEnglish)),
		fat.Text(ownerFolder+"LEEME.txt", windows(ownerSpanish)),
		fat.Text(ownerFolder+"settings.txt.example", windows(ownerSettings)),
	}
	for _, n := range o.Notices {
		files = append(files, fat.Bytes(noticeDir+n.Name, n.Text))
	}
	start := o.efiBoot
	if o.Board.IsPi() {
		start = o.piBoot
	}
	more, err := start()
	return append(files, more...), err
}

// windows ends lines as the oldest editor of Windows wants them, and marks the text as UTF-8.
func windows(text string) string { return "\uFEFF" + strings.ReplaceAll(text, "\n", "\r\n") }
