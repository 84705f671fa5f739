package docs

import (
	"fmt"
	"strings"
)

// Command is a simple command of a shell script.
type Command struct {
	// Env are the assignments before it, or all there is.
	Env map[string]string
	// Words are its name and arguments, without quotes; nothing in them is
	// expanded.
	Words []string
}

// Commands splits a shell script into its simple commands. It knows quotes,
// comments, continued lines, and the operators that join commands; redirections
// are left out. It does not know here-documents.
func Commands(script string) ([]Command, error) {
	var all []Command
	var words []string
	var word strings.Builder
	inWord, redirected := false, false
	endWord := func() {
		switch {
		case inWord && redirected:
			redirected = false
		case inWord:
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	endCommand := func() {
		endWord()
		if len(words) > 0 {
			all = append(all, command(words))
		}
		words = nil
	}
	for i := 0; i < len(script); i++ {
		c := script[i]
		switch {
		case c == '\\' && i+1 < len(script):
			i++
			if script[i] != '\n' {
				word.WriteByte(script[i])
				inWord = true
			}
		case c == '\'' || c == '"':
			end := closing(script, i)
			if end < 0 {
				return nil, fmt.Errorf("a quote is not closed: %.40s", script[i:])
			}
			text := script[i+1 : end]
			if c == '"' {
				text = strings.NewReplacer(`\"`, `"`, `\\`, `\`, "\\\n", "").Replace(text)
			}
			word.WriteString(text)
			inWord = true
			i = end
		case c == '#' && !inWord:
			for i+1 < len(script) && script[i+1] != '\n' {
				i++
			}
		case c == '\n' || c == ';' || c == '|' || c == '&':
			endCommand()
		case c == '<' || c == '>':
			if number := word.String(); inWord && strings.Trim(number, "0123456789") == "" {
				inWord = false // a file descriptor
			}
			endWord()
			redirected = true
		case c == ' ' || c == '\t':
			endWord()
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	endCommand()
	return all, nil
}

// closing is where the quote ends that begins at i, -1 if it does not.
func closing(script string, i int) int {
	for end := i + 1; end < len(script); end++ {
		switch {
		case script[i] == '"' && script[end] == '\\':
			end++
		case script[end] == script[i]:
			return end
		}
	}
	return -1
}

func command(words []string) Command {
	c := Command{Env: map[string]string{}}
	if words[0] == "export" {
		words = words[1:]
	}
	for len(words) > 0 {
		name, value, ok := strings.Cut(words[0], "=")
		if !ok || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') }) {
			break
		}
		c.Env[name] = value
		words = words[1:]
	}
	c.Words = words
	return c
}
