package exec

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
)

// places finds the line and column of what an error is about. The parser keeps
// the position of most nodes, but that of a directive behind its @, that of a
// fragment behind its dots, and none of names; the tokens around tell them.
type places struct {
	source *ast.Source
	tokens []int // where tokens begin, in characters
	lines  []int // where lines begin
}

// at is the place of a node.
func (p *places) at(node *ast.Position) gqlerror.Location { return p.token(node, 0) }

// before is the place of the token before that of a node.
func (p *places) before(node *ast.Position) gqlerror.Location { return p.token(node, -1) }

// after is the place of the token that follows that of a node, or the nth.
func (p *places) after(node *ast.Position, n int) gqlerror.Location { return p.token(node, n) }

// brace is the place where a selection set opens.
func (p *places) brace(set ast.SelectionSet) gqlerror.Location {
	steps := -1
	if _, field := set[0].(*ast.Field); !field {
		steps = -2 // there are dots between
	}
	return p.token(set[0].GetPosition(), steps)
}

// all are the places of fields.
func (p *places) all(fields []*ast.Field) []gqlerror.Location {
	at := make([]gqlerror.Location, len(fields))
	for i, f := range fields {
		at[i] = p.at(f.Position)
	}
	return at
}

func (p *places) token(node *ast.Position, steps int) gqlerror.Location {
	if node == nil {
		return gqlerror.Location{}
	}
	if p.source != node.Src {
		p.read(node.Src)
	}
	i, _ := slices.BinarySearch(p.tokens, node.Start)
	i = max(0, min(i+steps, len(p.tokens)-1))
	line, found := slices.BinarySearch(p.lines, p.tokens[i])
	if !found {
		line--
	}
	return gqlerror.Location{Line: line + 1, Column: p.tokens[i] - p.lines[line] + 1}
}

// read finds the tokens and lines of a source, which was parsed already.
func (p *places) read(source *ast.Source) {
	p.source, p.tokens, p.lines = source, nil, []int{0}
	characters := []rune(strings.ReplaceAll(source.Input, "\r\n", " \n")) // one line break
	for i, c := range characters {
		if c == '\n' || c == '\r' {
			p.lines = append(p.lines, i+1)
		}
	}
	for l := lexer.New(source); ; {
		token, err := l.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			break
		}
		if token.Kind != lexer.Comment {
			p.tokens = append(p.tokens, token.Pos.Start)
		}
	}
	if p.tokens == nil {
		p.tokens = []int{0}
	}
}
