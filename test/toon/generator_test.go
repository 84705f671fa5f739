package toon_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// generator makes random JSON texts, among them many objects that are alike,
// since those become tables.
type generator struct {
	*rand.Rand
	// anything lets in what JavaScript cannot hold as it was written.
	anything bool
}

// document returns one JSON text.
func (g generator) document() string {
	if g.IntN(20) == 0 {
		return g.primitive()
	}
	return g.value(1 + g.IntN(4))
}

func (g generator) value(depth int) string {
	if depth == 0 {
		return g.primitive()
	}
	switch g.IntN(8) {
	case 0:
		return g.primitive()
	case 1:
		return g.list(g.IntN(5), g.primitive)
	case 2:
		return g.list(g.IntN(5), func() string { return g.value(depth - 1) })
	case 3, 4:
		return g.table(depth-1, false)
	case 5:
		return g.table(depth-1, true)
	default:
		return g.object(g.names(g.IntN(5)), func() string { return g.value(depth - 1) })
	}
}

// table returns objects that are alike, or nearly so: in an array, or keyed.
func (g generator) table(depth int, keyed bool) string {
	row := g.row(depth, g.names(g.IntN(4)))
	if g.IntN(3) == 0 {
		regular := row
		row = func() string {
			if g.IntN(4) == 0 {
				return g.value(depth)
			}
			return regular()
		}
	}
	if keyed {
		return g.object(g.names(g.IntN(5)), row)
	}
	return g.list(g.IntN(5), row)
}

// row returns a maker of objects with the given names in any order, some of
// whose values are objects that are alike too.
func (g generator) row(depth int, names []string) func() string {
	nested := map[string]func() string{}
	for _, name := range names {
		if depth > 0 && g.IntN(4) == 0 {
			nested[name] = g.row(depth-1, g.names(g.IntN(3)))
		}
	}
	shuffled := g.IntN(3) == 0
	return func() string {
		order := slices.Clone(names)
		if shuffled {
			g.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		i := -1
		return g.object(order, func() string {
			i++
			if object, ok := nested[order[i]]; ok {
				return object()
			}
			return g.primitive()
		})
	}
}

func (g generator) list(length int, element func() string) string {
	var elements []string
	for range length {
		elements = append(elements, element())
	}
	return "[" + g.blank() + strings.Join(elements, ","+g.blank()) + "]" + g.blank()
}

func (g generator) object(names []string, value func() string) string {
	var members []string
	for _, name := range names {
		members = append(members, g.quote(name)+g.blank()+":"+g.blank()+value())
	}
	return "{" + g.blank() + strings.Join(members, ","+g.blank()) + "}"
}

// names returns names that differ and are no array indexes; with anything they
// may be such, and rarely the same.
func (g generator) names(count int) []string {
	common := []string{
		"id", "name", "kind__value", "_", "a.b", "A9", "", " ", "a b", "a-b", "-", "#", "9a", "a:b", "a,b", "a|b", "a\tb",
		"[0]", "{a}", `a"b`, `a\b`, "é", "東京", "🚀", "true", "__proto__", "constructor", "\u0004", "a\nb", "\ufeffa", "-1", "1.5", "01",
	}
	if g.anything {
		common = append(common, "0", "10", "9")
	}
	var names []string
	for len(names) < count {
		name := common[g.IntN(len(common))]
		if g.IntN(4) == 0 {
			name = g.text()
		}
		_, err := strconv.ParseUint(name, 10, 32)
		index := err == nil && (name == "0" || name[0] != '0')
		repeated := slices.Contains(names, name)
		if g.anything && (!repeated || g.IntN(50) == 0) || !index && !repeated {
			names = append(names, name)
		}
	}
	return names
}

func (g generator) primitive() string {
	switch g.IntN(6) {
	case 0:
		return []string{"null", "true", "false"}[g.IntN(3)]
	case 1, 2:
		return g.number()
	default:
		return g.quote(g.text())
	}
}

func (g generator) number() string {
	numbers := []string{
		"0", "-0", "-0.0", "0e5", "1.0", "-1.50", "1e6", "1E+6", "12.5e-3", "1e-6", "1e-7", "-2.5E-9", "1e20", "1e21", "-1.5e300", "5e-324",
		"9007199254740991", "-9007199254740991", "0.1", "3.141592653589793", "100000000000000000000", "1.7976931348623157e308",
	}
	if g.anything {
		numbers = append(numbers, "9007199254740993", "-9223372036854775808", "18446744073709551615",
			"123456789012345678901234567890", "0.1234567890123456789012345", "1234567890123456789012345.5", "0.00000000000000000000012345678901234567890")
	}
	switch g.IntN(3) {
	case 0:
		return strconv.Itoa(g.IntN(100_000) - 50_000)
	case 1:
		number := (g.Float64() - 0.5) * []float64{1e-9, 1, 1e6, 1e25}[g.IntN(4)]
		if math.Abs(number) >= 1e21 && !g.anything {
			return strconv.FormatFloat(number, 'e', -1, 64) // we keep integers written in full
		}
		return strconv.FormatFloat(number, "efg"[g.IntN(3)], -1, 64)
	default:
		return numbers[g.IntN(len(numbers))]
	}
}

func (g generator) text() string {
	texts := []string{
		"", " ", "  ", "a ", " a", "\ta", "a\t", "a\tb", "\n", "a\r\nb", "null", "true", "false", "Null", "0", "-0", "42", "05", "+1", "-3.14", "1e5", "1E-6", "1.", ".5", "1e", "0x10",
		"-", "- a", "-a", "a-b", "#", "# a", "a#b", "a:b", "a: b", ":", "a,b", ",", "a|b", "|", "[]", "[3]: x,y", "[", "]", "{a}", "{", "}", "a[2]{b}:",
		`"`, `\`, `say "hi"`, `C:\dir`, `\n`, "\u0000", "\u0004", "\u001f", "\u007f", "\u0085", "\u00a0", "\u00a0a\u00a0", "\u2028", "\ufeff", "\ufeffa", "\ufffd", "é", "e\u0301", "東京", "🚀 go", "atl1-edge1", "edge router",
		"10.0.0.1/24", "2001:db8::1", "2026-01-02T03:04:05Z", "17f3a1c0-5f3c-0000-b1c5-c51d2f6e7a90",
	}
	if g.IntN(3) > 0 {
		return texts[g.IntN(len(texts))]
	}
	alphabet := []rune("abcXYZ019 _-.,:;|#[]{}\"\\/\t\n\r\u0001\u001f\u007féß東🚀\u00a0\u2029\ufeff+eE")
	var b strings.Builder
	for range g.IntN(12) {
		b.WriteRune(alphabet[g.IntN(len(alphabet))])
	}
	return b.String()
}

// quote writes a JSON string in one of the ways it can be written.
func (g generator) quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r < 0x10000 && (r < ' ' || g.IntN(20) == 0):
			fmt.Fprintf(&b, `\u%04x`, r)
		case r == '"' || r == '\\' || r == '/' && g.IntN(2) == 0:
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= 0x10000 && g.IntN(4) == 0:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04X\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		default:
			b.WriteRune(r)
		}
	}
	if g.anything && g.IntN(200) == 0 {
		b.WriteString(`\udc00`)
	}
	b.WriteByte('"')
	return b.String()
}

// blank returns white space, mostly none.
func (g generator) blank() string {
	return []string{"", "", "", "", " ", "\n  ", "\t\r\n"}[g.IntN(7)]
}
