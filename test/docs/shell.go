package docs

import (
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Command is a simple command of a shell script.
type Command struct {
	// Env are the assignments before it, or all there is.
	Env map[string]string
	// Words are its name and arguments, without quotes; nothing in them is
	// expanded.
	Words []string
}

// Commands returns the simple commands of a shell script, those of loops and
// substitutions among them, without redirections.
func Commands(script string) ([]Command, error) {
	file, err := syntax.NewParser().Parse(strings.NewReader(script), "")
	if err != nil {
		return nil, fmt.Errorf("reading a shell script: %w", err)
	}
	var all []Command
	syntax.Walk(file, func(node syntax.Node) bool {
		switch n := node.(type) {
		case *syntax.CallExpr:
			all = append(all, command(n.Assigns, n.Args))
		case *syntax.DeclClause: // export
			all = append(all, command(n.Args, nil))
		}
		return true
	})
	return all, nil
}

func command(assigns []*syntax.Assign, words []*syntax.Word) Command {
	c := Command{Env: map[string]string{}}
	for _, a := range assigns {
		c.Env[a.Name.Value] = text(a.Value)
	}
	for _, w := range words {
		c.Words = append(c.Words, text(w))
	}
	return c
}

// text is a word without its quotes.
func text(word *syntax.Word) string {
	if word == nil {
		return ""
	}
	var b strings.Builder
	write(&b, word.Parts)
	return b.String()
}

func write(b *strings.Builder, parts []syntax.WordPart) {
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.Lit:
			b.WriteString(strings.NewReplacer("\\\n", "", `\"`, `"`, `\\`, `\`, `\ `, " ").Replace(p.Value))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			write(b, p.Parts)
		default: // what the shell puts there
			_ = syntax.NewPrinter().Print(b, part)
		}
	}
}
