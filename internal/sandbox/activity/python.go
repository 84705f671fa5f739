package activity

import (
	"fmt"
	"slices"
	"strings"
)

// python prints a value as str does in Python: texts inside of lists and
// objects are in quotes.
func python(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	var b strings.Builder
	writePython(&b, value)
	return b.String()
}

func writePython(b *strings.Builder, value any) {
	switch v := value.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case string:
		b.WriteString(quoted(v))
	case []any:
		b.WriteByte('[')
		for i, element := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writePython(b, element)
		}
		b.WriteByte(']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		b.WriteByte('{')
		for i, key := range keys {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(quoted(key) + ": ")
			writePython(b, v[key])
		}
		b.WriteByte('}')
	default:
		fmt.Fprint(b, v)
	}
}

// quoted writes a text in single quotes, in double ones where it holds single
// ones alone.
func quoted(text string) string {
	quote := `'`
	if !strings.ContainsAny(text, "\\'\n\r\t") {
		return quote + text + quote
	}
	if strings.Contains(text, `'`) && !strings.Contains(text, `"`) {
		quote = `"`
	}
	return quote + strings.NewReplacer(`\`, `\\`, quote, `\`+quote, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text) + quote
}
