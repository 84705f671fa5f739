// Package problem holds the one error type for faults that whoever sent the
// request can mend: an unknown kind, a bad filter, a value out of range.
//
// A Problem reaches an MCP client as a tool result with isError set, so that
// the model reads it and tries again. Every other error is a fault of this
// server or of Infrahub and is mapped at the edge.
package problem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Problem says what is wrong with a request and what to do about it.
type Problem struct {
	// What is one sentence on what is wrong. It never holds a credential, nor
	// the whole of a long input.
	What string
	// Do is one sentence on what to do next. It may be empty.
	Do string
	// Candidates are the names that were probably meant, best first.
	Candidates []string
}

// New returns a Problem from its two sentences.
func New(what, do string) *Problem {
	return &Problem{What: what, Do: do}
}

// Unknown returns the Problem of a name that does not exist, with the closest
// of the known names. sort says what is named ("kind", "filter of DcimDevice").
func Unknown(sort, name string, known []string, do string) *Problem {
	p := &Problem{
		What:       fmt.Sprintf("There is no %s named %q.", sort, Excerpt(name, 100)),
		Do:         do,
		Candidates: Closest(name, known, 5),
	}
	return p
}

// Error is the text a model or a person reads: what is wrong, the names that
// were probably meant, what to do next.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.What)
	if len(p.Candidates) > 0 {
		b.WriteString(" Did you mean ")
		b.WriteString(strings.Join(p.Candidates, ", "))
		b.WriteString("?")
	}
	if p.Do != "" {
		b.WriteString(" ")
		b.WriteString(p.Do)
	}
	return b.String()
}

// Closest returns up to limit of the known names that resemble name, best
// first. Names that share a part with it come before those that are merely a
// few letters away; names that resemble it in no way are left out.
func Closest(name string, known []string, limit int) []string {
	type scored struct {
		name  string
		score int
	}
	// A long input is no name; comparing it costs its length for every name.
	wanted := fold(Excerpt(name, 100))
	if wanted == "" {
		return nil
	}
	var found []scored
	for _, candidate := range known {
		have := fold(candidate)
		score := levenshtein.ComputeDistance(wanted, have)
		switch {
		case wanted == have:
			score = -100
		case strings.HasSuffix(have, wanted) || strings.HasPrefix(have, wanted):
			score -= 50
		case len(wanted) >= 3 && strings.Contains(have, wanted), len(have) >= 3 && strings.Contains(wanted, have):
			score -= 25
		case score > max(2, min(len(wanted), len(have))*2/5):
			continue
		}
		found = append(found, scored{candidate, score})
	}
	slices.SortStableFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.name, b.name))
	})
	names := make([]string, 0, limit)
	for _, s := range found {
		if len(names) == limit {
			break
		}
		names = append(names, s.name)
	}
	return names
}

// Excerpt cuts a text to at most limit runes, marking the cut.
func Excerpt(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit]) + "…"
}

// fold removes what people get wrong in names: case, blanks and separators.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' || r == '.' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}
