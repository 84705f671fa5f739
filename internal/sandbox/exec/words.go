package exec

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/vektah/gqlparser/v2/ast"
)

// Limits of values in messages: longer ones are cut in their middle.
const (
	maxText   = 240
	maxItems  = 10
	maxLevels = 2
)

// inspect writes a value that was sent as graphql-core does in messages: as
// Python does, cut to a sane length.
func inspect(value any) string { return inspectAt(value, 0) }

func inspectAt(value any, level int) string {
	switch v := value.(type) {
	case []any:
		switch {
		case len(v) == 0:
			return "[]"
		case level == maxLevels:
			return "[...]"
		}
		return "[" + listed(len(v), func(i int) string { return inspectAt(v[i], level+1) }) + "]"
	case map[string]any:
		switch {
		case len(v) == 0:
			return "{}"
		case level == maxLevels:
			return "{...}"
		}
		keys := slices.Sorted(maps.Keys(v)) // JSON's order is lost by now
		return "{" + listed(len(keys), func(i int) string {
			return shorten(repr(keys[i])) + ": " + inspectAt(v[keys[i]], level+1)
		}) + "}"
	default:
		return shorten(repr(v))
	}
}

func listed(n int, item func(int) string) string {
	var parts []string
	for i := 0; i < n; i++ {
		if n > maxItems && i == maxItems/2 {
			parts = append(parts, "...")
			i = n - (maxItems/2 - 1)
		}
		parts = append(parts, item(i))
	}
	return strings.Join(parts, ", ")
}

func shorten(text string) string {
	letters := []rune(text)
	if len(letters) <= maxText {
		return text
	}
	head := (maxText - 3) / 2
	tail := maxText - 3 - head
	return string(letters[:head]) + "..." + string(letters[len(letters)-tail:])
}

// repr writes a value that is no list and no object as Python does.
func repr(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return reprText(v)
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			return v.String()
		}
		f, _ := v.Float64()
		return reprFloat(f)
	default:
		return fmt.Sprint(v)
	}
}

func reprText(text string) string {
	quote := `'`
	if strings.Contains(text, `'`) && !strings.Contains(text, `"`) {
		quote = `"`
	}
	var b strings.Builder
	b.WriteString(quote)
	for _, r := range text {
		switch {
		case string(r) == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r <= math.MaxUint8:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= math.MaxUint16:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteString(quote)
	return b.String()
}

func reprFloat(f float64) string {
	if math.IsInf(f, 0) { // too many digits
		return strings.ToLower(strings.TrimPrefix(fmt.Sprint(f), "+"))
	}
	if size := math.Abs(f); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// printed writes a value of a document in the language of documents.
func printed(v *ast.Value) string {
	members := func(member func(*ast.ChildValue) string) string {
		parts := make([]string, len(v.Children))
		for i, child := range v.Children {
			parts[i] = member(child)
		}
		return strings.Join(parts, ", ")
	}
	switch v.Kind {
	case ast.ListValue:
		return "[" + members(func(c *ast.ChildValue) string { return printed(c.Value) }) + "]"
	case ast.ObjectValue:
		return "{" + members(func(c *ast.ChildValue) string { return c.Name + ": " + printed(c.Value) }) + "}"
	case ast.BlockValue:
		text := strings.ReplaceAll(v.Raw, `"""`, `\"""`)
		if strings.Contains(text, "\n") || len(text) > 70 || strings.HasSuffix(text, `"`) || strings.HasSuffix(text, `\`) {
			text = "\n" + text + "\n"
		}
		return `"""` + text + `"""`
	default:
		return v.String()
	}
}
