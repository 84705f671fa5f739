package toon_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"infrahub-mcp/internal/toon"
)

// lines joins the lines of a document.
func lines(l ...string) string { return strings.Join(l, "\n") }

func TestFromJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ json, want string }{
		// Primitive values (§2, §7.2).
		"null":                            {`null`, `null`},
		"a boolean":                       {` true `, `true`},
		"a word":                          {`"atl1-edge1"`, `atl1-edge1`},
		"words with blanks between them":  {`"edge router"`, `edge router`},
		"letters beyond ASCII":            {`"Zürich 東京 🚀"`, `Zürich 東京 🚀`},
		"an escaped letter":               {`"\u00e9\u6771\ud83d\ude80\/"`, `é東🚀/`},
		"the empty string":                {`""`, `""`},
		"blanks at an end":                {`[" a","a ","\ta","a\t"]`, `[4]: " a","a ","\ta","a\t"`},
		"a space that is not ASCII":       {`"\u00a0a\u00a0"`, "\u00a0a\u00a0"},
		"strings that read as literals":   {`["null","true","false","True","nullable"]`, `[5]: "null","true","false",True,nullable`},
		"strings that read as numbers":    {`["42","-3.14","05","+1","1e-6","1E5","0.5"]`, `[7]: "42","-3.14","05","+1","1e-6","1E5","0.5"`},
		"strings that only nearly do":     {`["1.","1e",".5","1.2.3","0x10","1_000","10.0.0.1/24","e5","1e+"]`, `[9]: 1.,1e,.5,1.2.3,0x10,1_000,10.0.0.1/24,e5,1e+`},
		"a hyphen in front":               {`["-","- a","-a","a-b"]`, `[4]: "-","- a","-a",a-b`},
		"a number sign in front":          {`["#","#a","a#"]`, `[3]: "#","#a",a#`},
		"structural characters":           {`["a:b","a[","]a","{a","a}","a,b"]`, `[6]: "a:b","a[","]a","{a","a}","a,b"`},
		"delimiters that are not in use":  {`"a|b"`, `a|b`},
		"quotes and backslashes":          {`"say \"C:\\x\""`, `"say \"C:\\x\""`},
		"line breaks, tabs and controls":  {`"\n\r\t\b\f\u0000\u001F"`, `"\n\r\t\u0008\u000c\u0000\u001f"`},
		"DEL and the separators of lines": {`"a\u007f\u2028\u0085b"`, "a\u007f\u2028\u0085b"},
		"a byte-order mark in front":      {`"\ufeffa"`, "\"\ufeffa\""},
		"a byte-order mark further on":    {`{"a":"\ufeffa"}`, "a: \ufeffa"},
		"a lone surrogate":                {`["\ud800","\udc00x","\ud800\u0041","\ud800\ud83d\ude80"]`, "[4]: \ufffd,\ufffdx,\ufffdA,\ufffd🚀"},
		"bytes that are not UTF-8":        {"\"a\xff\xc3b\"", "a\ufffd\ufffdb"},

		// Objects (§8).
		"an empty object":          {`{}`, ``},
		"members in their order":   {`{"b":1,"a":null,"10":true,"9":"x"}`, lines("b: 1", "a: null", `"10": true`, `"9": x`)},
		"objects in objects":       {`{"a":{"b":{"c":1},"d":{}}}`, lines("a:", "  b:", "    c: 1", "  d:")},
		"keys that need no quotes": {`{"a_B.9":1,"_":2,"kind__value":3}`, lines("a_B.9: 1", "_: 2", "kind__value: 3")},
		"keys that need quotes":    {`{"":1,"9a":2,".a":3,"a-b":4,"a b":5,"é":6,"a:b":7,"x\ny":8}`, lines(`"": 1`, `"9a": 2`, `".a": 3`, `"a-b": 4`, `"a b": 5`, `"é": 6`, `"a:b": 7`, `"x\ny": 8`)},
		"names of JavaScript":      {`{"__proto__":1,"constructor":2}`, lines("__proto__: 1", "constructor: 2")},
		"a name that comes again":  {`{"a":1,"b":2,"a":{"c":[1,2]},"d":3,"\u0061":4}`, lines("b: 2", "d: 3", "a: 4")},
		"a name that comes again among many": {
			`{"a":[1],"b":2,"c":2,"d":2,"e":2,"f":2,"g":2,"h":2,"i":2,"j":2,"k":2,"l":2,"m":2,"n":2,"o":2,"p":2,"a":3}`,
			lines("b: 2", "c: 2", "d: 2", "e: 2", "f: 2", "g: 2", "h: 2", "i: 2", "j: 2", "k: 2", "l: 2", "m: 2", "n: 2", "o: 2", "p: 2", "a: 3"),
		},

		// Arrays (§9.1, §9.2, §9.4, §10).
		"an empty array":                        {`[]`, `[]`},
		"empty arrays below":                    {`{"a":[],"b":[[],[]]}`, lines("a: []", "b[2]:", "  - [0]:", "  - [0]:")},
		"primitive values":                      {`{"a":[1,"b",null,true,""]}`, `a[5]: 1,b,null,true,""`},
		"arrays in arrays":                      {`[[1,2],[[3],"x"]]`, lines("[2]:", "  - [2]: 1,2", "  - [2]:", "    - [1]: 3", "    - x")},
		"elements of several kinds":             {`{"a":[1,{"b":2,"c":[3]},{},"x"]}`, lines("a[4]:", "  - 1", "  - b: 2", "    c[1]: 3", "  -", "  - x")},
		"objects that differ":                   {`[{"a":1},{"b":2}]`, lines("[2]:", "  - a: 1", "  - b: 2")},
		"objects one of which has more":         {`[{"a":1},{"a":2,"b":3}]`, lines("[2]:", "  - a: 1", "  - a: 2", "    b: 3")},
		"objects with an array":                 {`[{"a":[]}]`, lines("[1]:", "  - a: []")},
		"an object first in an item":            {`[{"a":{"b":1},"c":[2]}]`, lines("[1]:", "  - a:", "      b: 1", "    c[1]: 2")},
		"a table first in an item":              {`[{"a":[{"b":1},{"b":2}],"c":[3]}]`, lines("[1]:", "  - a[2]{b}:", "      1", "      2", "    c[1]: 3")},
		"a list first in an item":               {`[{"a":[[1],{"b":2}],"c":[3]}]`, lines("[1]:", "  - a[2]:", "      - [1]: 1", "      - b: 2", "    c[1]: 3")},
		"no table for an array without a place": {`[[{"a":1},{"a":2}]]`, lines("[1]:", "  - [2]:", "    - a: 1", "    - a: 2")},

		// Tables (§9.3).
		"a table":                            {`{"n":[{"id":1,"name":"a"},{"id":2,"name":null}]}`, lines("n[2]{id,name}:", "  1,a", "  2,null")},
		"a table at the root":                {`[{"id":1}]`, lines("[1]{id}:", "  1")},
		"rows in another order":              {`[{"a":1,"b":2,"c":3},{"c":6,"a":4,"b":5},{"a":7,"c":9,"b":8}]`, lines("[3]{a,b,c}:", "  1,2,3", "  4,5,6", "  7,8,9")},
		"values that need quotes":            {`[{"a b":"x,y","c":"p:q"},{"a b":"-","c":"#"}]`, lines(`[2]{"a b",c}:`, `  "x,y","p:q"`, `  "-","#"`)},
		"groups of fields":                   {`[{"id":1,"site":{"name":"atl1","geo":{"lat":1.5,"lon":2}},"up":true},{"up":false,"site":{"geo":{"lon":4,"lat":3},"name":"jfk1"},"id":2}]`, lines("[2]{id,site{name,geo{lat,lon}},up}:", "  1,atl1,1.5,2,true", "  2,jfk1,3,4,false")},
		"a group with a name from outside":   {`[{"a":{"b":1},"b":2}]`, lines("[1]{a{b},b}:", "  1,2")},
		"no group for an object and null":    {`[{"s":{"a":1}},{"s":null}]`, lines("[2]:", "  - s:", "      a: 1", "  - s: null")},
		"no group for objects that differ":   {`[{"s":{"a":1}},{"s":{"b":1}}]`, lines("[2]:", "  - s:", "      a: 1", "  - s:", "      b: 1")},
		"no group for empty objects":         {`[{"s":{}},{"s":{}}]`, lines("[2]:", "  - s:", "  - s:")},
		"no table for empty objects":         {`[{},{}]`, lines("[2]:", "  -", "  -")},
		"no table where a row has an array":  {`[{"a":1},{"a":[]}]`, lines("[2]:", "  - a: 1", "  - a: []")},
		"no table for objects and primitive": {`[{"a":1},2]`, lines("[2]:", "  - a: 1", "  - 2")},

		// Keyed tables (§9.5).
		"a keyed table":                   {`{"n":{"x":{"a":1,"b":2},"y z":{"b":4,"a":3}}}`, lines("n[2:]{a,b}:", "  x: 1,2", `  "y z": 3,4`)},
		"a keyed table at the root":       {`{"x":{"a":1},"y":{"a":2}}`, lines("[2:]{a}:", "  x: 1", "  y: 2")},
		"a keyed table with groups":       {`{"n":{"x":{"a":{"b":1}},"y":{"a":{"b":2}}}}`, lines("n[2:]{a{b}}:", "  x: 1", "  y: 2")},
		"a keyed table first in an item":  {`[{"n":{"x":{"a":1},"y":{"a":2}},"l":[]}]`, lines("[1]:", "  - n[2:]{a}:", "      x: 1", "      y: 2", "    l: []")},
		"no keyed table for one entry":    {`{"n":{"x":{"a":1}}}`, lines("n:", "  x:", "    a: 1")},
		"no keyed table for an element":   {`[{"x":{"a":1},"y":{"a":2}},0]`, lines("[2]:", "  - x:", "      a: 1", "    y:", "      a: 2", "  - 0")},
		"no keyed table beside primitive": {`{"n":{"x":{"a":1},"y":2}}`, lines("n:", "  x:", "    a: 1", "  y: 2")},
		"no keyed table of empty objects": {`{"n":{"x":{},"y":{}}}`, lines("n:", "  x:", "  y:")},

		"white space anywhere": {" {\n\t\"a\" : [ 1 ,\r\n 2 ] , \"b\" : { } } \n", lines("a[2]: 1,2", "b:")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := toon.FromJSON(nil, []byte(test.json))
			if err != nil {
				t.Fatalf("FromJSON(%s): %v", test.json, err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("FromJSON(%s) (-want +got):\n%s", test.json, diff)
			}
		})
	}
}

func TestNumbersAreCanonicalAndKeepEveryDigit(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"0":                        "0",
		"-0":                       "0",
		"0.0":                      "0",
		"-0.0":                     "0",
		"0e99":                     "0",
		"-0E-99999999999999999999": "0",

		"1.0":      "1",
		"-1.50":    "-1.5",
		"1e6":      "1000000",
		"1E+6":     "1000000",
		"1.5e3":    "1500",
		"12.345e1": "123.45",
		"1200e-2":  "12",
		"5e-1":     "0.5",
		"1e-6":     "0.000001",
		"-0.00001": "-0.00001",

		// Up to 1e21 there is no exponent, from there on one has to be asked for.
		"1e20":                    "100000000000000000000",
		"999999999999999999999.5": "999999999999999999999.5",
		"1e21":                    "1e+21",
		"-1.50E+300":              "-1.5e+300",
		"12e400":                  "1.2e+401",
		"1e-7":                    "1e-7",
		"0.00000012":              "1.2e-7",
		"1E99999999999999999999":  "1E99999999999999999999",

		// No detour through floating point.
		"9007199254740993":               "9007199254740993",
		"-9223372036854775808":           "-9223372036854775808",
		"18446744073709551615":           "18446744073709551615",
		"123456789012345678901234567890": "123456789012345678901234567890",
		"0.12345678901234567890123":      "0.12345678901234567890123",
		"9007199254740993.0":             "9007199254740993",
		"9007199254740993e2":             "900719925474099300",
		"1234567890123456789012345.5":    "1.2345678901234567890123455e+24",
	}
	for number, want := range tests {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			got, err := toon.FromJSON(nil, []byte(number))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestNumbersKeepTheirValue(t *testing.T) {
	t.Parallel()
	canonical := regexp.MustCompile(`^(0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\.[0-9]*[1-9]|-?[1-9](\.[0-9]*[1-9])?e(\+|-)[1-9][0-9]*)$`)
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`-?(0|[1-9][0-9]{0,24})(\.(0{0,7}[0-9]{1,9}))?([eE][+\-]?[0-9]{1,2})?`).Draw(t, "number")
		got, err := toon.FromJSON(nil, []byte(number))
		if err != nil {
			t.Fatal(err)
		}
		if !canonical.Match(got) {
			t.Errorf("%s is not canonical", got)
		}
		before, _ := new(big.Rat).SetString(number)
		after, ok := new(big.Rat).SetString(string(got))
		if !ok || before.Cmp(after) != 0 {
			t.Errorf("%s became %s", number, got)
		}
	})
}

func TestEncodeFollowsOptions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options    toon.Options
		json, want string
	}{
		"a tab as delimiter": {
			toon.Options{Delimiter: '\t'},
			`{"a":["x,y","p\tq"],"b":[{"c":1,"d":{"e":2}}],"f":{"x":{"g":1},"y":{"g":2}}}`,
			lines("a[2\t]: x,y\t\"p\\tq\"", "b[1\t]{c\td{e}}:", "  1\t2", "f[2:\t]{g}:", "  x: 1", "  y: 2"),
		},
		"a bar as delimiter": {
			toon.Options{Delimiter: '|'},
			`{"a":["x,y","p|q"],"b":"p|q","c":[]}`,
			lines(`a[2|]: x,y|"p|q"`, `b: "p|q"`, "c: []"),
		},
		"four spaces": {
			toon.Options{Indent: 4},
			`{"a":{"b":[{"c":[1],"d":2},3]}}`,
			lines("a:", "    b[2]:", "        - c[1]: 1", "            d: 2", "        - 3"),
		},
		"version 3 without groups": {
			toon.Options{Version: 3},
			`[{"a":{"b":1}}]`,
			lines("[1]:", "  - a:", "      b: 1"),
		},
		"version 3 without keyed tables": {
			toon.Options{Version: 3},
			`{"x":{"a":1},"y":{"a":2}}`,
			lines("x:", "  a: 1", "y:", "  a: 2"),
		},
		"keys folded as far as they go": {
			toon.Options{Version: 3, FoldDepth: math.MaxInt},
			`{"a":{"b":{"c":{"d":1,"e":{"f":{}}}}},"g":{"h":[1]},"i":{"j-k":1},"l":{"m":2},"l.m":3}`,
			lines("a.b.c:", "  d: 1", "  e.f:", "g.h[1]: 1", "i:", `  "j-k": 1`, "l:", "  m: 2", "l.m: 3"),
		},
		"no key folded into that of a sibling": {
			toon.Options{Version: 3, FoldDepth: math.MaxInt},
			`{"a":{"b":{"c":1}},"a.b.c":2}`,
			lines("a:", "  b:", "    c: 1", "a.b.c: 2"),
		},
		"keys folded two by two": {
			toon.Options{Version: 3, FoldDepth: 2},
			`{"a":{"b":{"c":{"d":1}}},"e":{"f":{"g":{"h":1},"i":2}}}`,
			lines("a.b:", "  c:", "    d: 1", "e.f:", "  g.h: 1", "  i: 2"),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := toon.Encode(nil, []byte(test.json), test.options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("Encode(%s) (-want +got):\n%s", test.json, diff)
			}
		})
	}
}

func TestEncodeRefusesOptionsItCannotFollow(t *testing.T) {
	t.Parallel()
	tests := map[string]toon.Options{
		"a delimiter the format lacks":     {Delimiter: ';'},
		"negative indentation":             {Indent: -1},
		"indentation beyond measure":       {Indent: 17},
		"a version that does not exist":    {Version: 5},
		"folded keys in the wrong version": {FoldDepth: 2},
	}
	for name, options := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := toon.Encode([]byte("x"), []byte(`1`), options); err == nil || string(got) != "x" {
				t.Errorf("Encode = %q, %v; want the text before and an error", got, err)
			}
		})
	}
}

func TestFromJSONAppends(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ json, want string }{
		{`{"a":1,"b":2}`, "Result:\na: 1\nb: 2"},
		{`{}`, "Result:\n"},
	} {
		got, err := toon.FromJSON([]byte("Result:\n"), []byte(test.json))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != test.want {
			t.Errorf("FromJSON(%s) = %q, want %q", test.json, got, test.want)
		}
	}
}

func TestInvalidJSONIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ json, want string }{
		"no text":                  {"", "the text ends at byte 0, expected a value"},
		"only blanks":              {" \n", "the text ends at byte 2, expected a value"},
		"two values":               {"1 2", `'2' at byte 2, expected the end of the text`},
		"a word":                   {"nul", `'n' at byte 0, expected a value`},
		"a word that goes on":      {"truex", `'x' at byte 4, expected the end of the text`},
		"an open array":            {"[1", "the text ends at byte 2, expected a comma or the end of the array"},
		"a comma at the end":       {"[1,]", `']' at byte 3, expected a value`},
		"an open object":           {`{"a":1`, "the text ends at byte 6, expected a comma or the end of the object"},
		"a name without quotes":    {`{a:1}`, `'a' at byte 1, expected a name in quotes`},
		"a name without value":     {`{"a"}`, `'}' at byte 4, expected a colon`},
		"an open string":           {`"a`, "the text ends at byte 2, expected the end of the string"},
		"an open escaped string":   {`"\n`, "the text ends at byte 3, expected the end of the string"},
		"a line break in a string": {"\"a\nb\"", `'\n' at byte 2, expected no control character in a string`},
		"a tab after an escape":    {"\"\\n\tb\"", `'\t' at byte 3, expected no control character in a string`},
		"an unknown escape":        {`"\x"`, `'\\' at byte 1, expected an escape sequence`},
		"a short escape":           {`"\u12"`, `'\\' at byte 1, expected an escape sequence`},
		"a signed escape":          {`"\u+123"`, `'\\' at byte 1, expected an escape sequence`},
		"a zero in front":          {"01", `'1' at byte 1, expected the end of the text`},
		"a plus in front":          {"+1", `'+' at byte 0, expected a value`},
		"a lone minus":             {"-", "the text ends at byte 1, expected a digit"},
		"no fraction":              {"1.", "the text ends at byte 2, expected a digit"},
		"no exponent":              {"1e+", "the text ends at byte 3, expected a digit"},
		"NUL":                      {"\x00", `'\x00' at byte 0, expected a value`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := toon.FromJSON([]byte("kept"), []byte(test.json))
			if err == nil {
				t.Fatalf("FromJSON(%q) = %q, want an error", test.json, got)
			}
			if want := "toon: invalid JSON: " + test.want; err.Error() != want {
				t.Errorf("error %q, want %q", err, want)
			}
			if string(got) != "kept" {
				t.Errorf("FromJSON changed dst to %q", got)
			}
			if json.Valid([]byte(test.json)) {
				t.Errorf("%q is valid", test.json)
			}
		})
	}
}

func TestDepthIsBoundedByWhatItsIndentationCosts(t *testing.T) {
	t.Parallel()
	nested := func(depth int, inner string) []byte {
		return []byte(strings.Repeat("[", depth) + inner + strings.Repeat("]", depth))
	}
	tests := map[string]struct {
		json   []byte
		indent int
		want   error
	}{
		"a hundred levels":                      {nested(100, ""), 2, nil},
		"ten levels with a million small items": {nested(9, "{}"+strings.Repeat(",0", 1_000_000)), 2, nil},
		"ten thousand levels":                   {nested(10_000, ""), 2, toon.ErrTooDeep},
		"a hundred levels with small items":     {nested(100, "{}"+strings.Repeat(",0", 10_000)), 2, toon.ErrTooDeep},
		"narrow indentation of small items":     {nested(30, "{}"+strings.Repeat(",0", 10_000)), 1, nil},
		"wide indentation of small items":       {nested(30, "{}"+strings.Repeat(",0", 10_000)), 16, toon.ErrTooDeep},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := toon.Encode(nil, test.json, toon.Options{Indent: test.indent})
			if !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			if limit := 64<<10 + 32*len(test.json); len(got) > limit {
				t.Errorf("%d bytes of JSON became %d bytes, more than %d", len(test.json), len(got), limit)
			}
		})
	}
}

// Wide objects with their members in another order must not cost the square
// of their width. A test cannot assert a duration; this one would merely not
// end in time if it did.
func TestWideRowsInAnotherOrder(t *testing.T) {
	t.Parallel()
	const width = 50_000
	var first, second []string
	for i := range width {
		name, _ := json.Marshal("k" + string(rune(0x4E00+i%20000)) + strings.Repeat("x", i/20000))
		first = append(first, string(name)+":1")
	}
	for i := range width {
		second = append(second, first[width-1-i])
	}
	src := "[{" + strings.Join(first, ",") + "},{" + strings.Join(second, ",") + "}]"
	got, err := toon.FromJSON(nil, []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	row := "\n  1" + strings.Repeat(",1", width-1)
	if !bytes.HasPrefix(got, []byte("[2]{")) || !bytes.HasSuffix(got, []byte("}:"+row+row)) {
		t.Errorf("the two objects did not become a table: %.60s", got)
	}
}

func FuzzFromJSON(f *testing.F) {
	for _, seed := range []string{
		`null`, `-0`, `1.50e+3`, `1e-400`, `""`, `"\ud83d\ude80 \u0004\\"`, `[]`, `{}`, `[[],{}]`,
		`{"a":[{"b":1,"c":{"d":"x,y"}},{"c":{"d":null},"b":2}]}`,
		`{"x":{"a":1},"y":{"a":2}}`, `{"a":1,"a":[1,{"b":[]}],"b":{}}`,
		`[1,"- a",{"k v":[[1],{}]}]`, "{\"a\xff\":\"\xc3\"}", `[1,]`, `{"a":}`, `"\x"`, "01",
		strings.Repeat("[", 300) + strings.Repeat("]", 300),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		got, err := toon.FromJSON([]byte("kept"), src)
		if err != nil {
			if string(got) != "kept" {
				t.Errorf("dst became %q on error", got)
			}
			if json.Valid(src) && !errors.Is(err, toon.ErrTooDeep) {
				t.Errorf("valid JSON was refused: %v", err)
			}
			return
		}
		if !json.Valid(src) {
			t.Errorf("invalid JSON was accepted: %q", got)
		}
		got, found := bytes.CutPrefix(got, []byte("kept"))
		if !found {
			t.Error("dst was overwritten")
		}
		if !utf8.Valid(got) {
			t.Error("the result is not UTF-8")
		}
		for line := range bytes.Lines(got) {
			if trimmed := bytes.TrimRight(line, "\n"); bytes.HasSuffix(trimmed, []byte(" ")) || len(trimmed) == 0 {
				t.Errorf("a line is empty or ends with a blank: %q", got) // §12
			}
			if bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("#")) {
				t.Errorf("a line reads as a comment: %q", got) // §5.1
			}
		}
		if bytes.HasSuffix(got, []byte("\n")) {
			t.Error("the result ends with a line break") // §12
		}
	})
}
