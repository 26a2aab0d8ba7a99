package licence

import (
	"fmt"
	"slices"
	"strings"
)

const head = `This program contains the following works of others. It is linked from their source as it stands at the addresses
below, unchanged; whoever cannot reach one of them gets the same file from whoever gave them this program, on request
and at no more than the cost of sending it, for three years from the day they got it.

`

const authorities = `The file of certificate authorities, where this package has one (ca-certificates.crt), is made of the list of the Mozilla
Foundation (certdata.txt of NSS), which is under the Mozilla Public License 2.0, https://www.mozilla.org/MPL/2.0/, to be
had at https://hg.mozilla.org/projects/nss/.

`

// Merge puts the modules of several machines together, each once.
func Merge(all ...[]Module) []Module {
	var merged []Module
	seen := map[string]int{}
	for _, modules := range all {
		for _, m := range modules {
			i, there := seen[m.Path]
			if !there {
				seen[m.Path] = len(merged)
				merged = append(merged, m)
				continue
			}
			for _, t := range m.Texts {
				if !slices.Contains(merged[i].Texts, t) {
					merged[i].Texts = append(slices.Clone(merged[i].Texts), t)
				}
			}
		}
	}
	slices.SortFunc(merged, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return merged
}

// Write gives the file: what is in the program, with versions and sources, then all texts, equal ones once.
func Write(modules []Module) []byte {
	var out strings.Builder
	out.WriteString(head)
	for _, m := range modules {
		fmt.Fprintf(&out, "  %s %s\n    %s\n", m.Path, m.Version, m.Source)
	}
	out.WriteString("\n" + authorities)
	for _, g := range group(modules) {
		out.WriteString(strings.Repeat("=", 80) + "\n" + strings.Join(g.of, "\n") + "\n" + strings.Repeat("-", 80) + "\n")
		out.WriteString(strings.TrimSpace(strings.ReplaceAll(g.body, "\r\n", "\n")) + "\n\n")
	}
	return []byte(out.String())
}

// shared is a text and who has it.
type shared struct {
	body string
	of   []string // "golang.org/x/net LICENSE"
}

func group(modules []Module) []*shared {
	var groups []*shared
	byBody := map[string]*shared{}
	for _, m := range modules {
		for _, t := range m.Texts {
			g := byBody[t.Body]
			if g == nil {
				g = &shared{body: t.Body}
				byBody[t.Body], groups = g, append(groups, g)
			}
			g.of = append(g.of, m.Path+" "+t.File)
		}
	}
	return groups
}
