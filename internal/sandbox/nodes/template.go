package nodes

import (
	"fmt"
	"strings"

	"infrahub-mcp/internal/sandbox/model"
)

// Label returns the display label: of the paths or the Jinja2 text that the kind
// gives, else the kind with the id.
func (n *Node) Label() string {
	switch label := n.Schema.DisplayLabel; {
	case label == "" && len(n.Schema.DisplayLabels) > 0:
		parts := make([]string, 0, len(n.Schema.DisplayLabels))
		for _, path := range n.Schema.DisplayLabels {
			if value := n.at(path); value != nil {
				parts = append(parts, printed(value))
			}
		}
		return strings.Join(parts, " ")
	case label == "":
		return fmt.Sprintf("%s(ID: %s)", n.Schema.Name, n.ID)
	case strings.ContainsAny(label, "{}"):
		text, err := n.Render(label)
		if err != nil {
			return ""
		}
		return text
	default:
		value := n.at(label)
		if value == nil {
			return ""
		}
		return printed(value)
	}
}

// Render fills a Jinja2 text in with the values of the node at the paths that
// it names, as for display labels and computed attributes.
func (n *Node) Render(template string) (string, error) {
	return render(template, n.at)
}

// render fills a Jinja2 text in with the values at the paths that it names.
func render(template string, at func(path string) any) (string, error) {
	if text, ok := fill(template, at); ok {
		return text, nil
	}
	paths, err := model.Variables(template)
	if err != nil {
		return "", err
	}
	values := make(map[string]any, len(paths))
	for _, path := range paths {
		values[path] = at(path)
	}
	return renderJinja(template, values)
}

// fill does the work of render for a text in which all expressions are paths,
// as nearly all are. It reports false for any other.
func fill(template string, at func(path string) any) (text string, ok bool) {
	var b strings.Builder
	template = strings.TrimSuffix(template, "\n") // as Jinja2 does
	for template != "" {
		start := strings.IndexByte(template, '{')
		if start < 0 || start+1 == len(template) {
			break
		}
		b.WriteString(template[:start])
		template = template[start:]
		switch template[1] {
		case '{':
			expression, rest, closed := strings.Cut(template[2:], "}}")
			path := strings.TrimSpace(expression)
			if !closed || !isPath(path) {
				return "", false
			}
			b.WriteString(printed(at(path)))
			template = rest
		case '%', '#':
			return "", false
		default:
			b.WriteByte('{')
			template = template[1:]
		}
	}
	b.WriteString(template)
	return b.String(), true
}

// isPath tells whether an expression is the path of a value, and no more.
func isPath(expression string) bool {
	if !strings.Contains(expression, "__") {
		return false
	}
	for i, r := range expression {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return true
}
