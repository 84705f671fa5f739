package changes

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"infrahub-mcp/internal/sandbox/nodes"
)

// valueText writes a value as diffs do: as Python prints what the database of
// Infrahub holds, which for lists and objects is JSON.
func valueText(value any) string {
	switch v := value.(type) {
	case nil:
		return "NULL"
	case bool:
		return boolText(v)
	case string:
		return v
	case []any, map[string]any:
		return asciiJSON(v)
	default:
		return fmt.Sprint(v)
	}
}

// boolText writes a boolean as Python does.
func boolText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// hfidText writes a human-friendly id as diffs do.
func hfidText(hfid []string) string {
	if hfid == nil {
		return valueText(nil)
	}
	parts := make([]any, len(hfid))
	for i, part := range hfid {
		parts[i] = part
	}
	return valueText(parts)
}

// asciiJSON writes a value as JSON in the way of the library that Infrahub uses:
// in ASCII, with slashes escaped.
func asciiJSON(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value) // cannot be: it came from JSON
	}
	var out strings.Builder
	for _, r := range strings.TrimSuffix(text.String(), "\n") {
		switch {
		case r == '/':
			out.WriteString(`\/`)
		case r < 0x80:
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out.WriteString(escaped(high) + escaped(low))
		default:
			out.WriteString(escaped(r))
		}
	}
	return out.String()
}

func escaped(r rune) string {
	hex := strconv.FormatInt(int64(r), 16)
	return `\u` + strings.Repeat("0", 4-len(hex)) + hex
}

// labelOf returns the display label of a node, nil if none of the graphs has it.
func labelOf(id string, graphs ...*nodes.Graph) any {
	for _, g := range graphs {
		if n := g.Node(id); n != nil {
			return n.Label()
		}
	}
	return nil
}
