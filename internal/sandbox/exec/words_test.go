package exec

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The texts are what graphql-core 3.2.8 makes of the values.
func TestValuesAreWrittenAsPythonDoes(t *testing.T) {
	long := strings.Repeat("a", 300)
	for _, test := range []struct{ name, sent, want string }{
		{"null", `null`, `None`},
		{"truths", `[true, false]`, `[True, False]`},
		{"whole numbers", `[7, -12345678901234567890]`, `[7, -12345678901234567890]`},
		{"fractions", `[7.5, 7.0, 1e3, 1e16, 0.00001, 1E400]`, `[7.5, 7.0, 1000.0, 1e+16, 1e-05, inf]`},
		{"a text", `"x"`, `'x'`},
		{"a text with a quote", `"it's"`, `"it's"`},
		{"a text with both quotes", `"it's \"x\""`, `'it\'s "x"'`},
		{"a text with what cannot be seen", `"\t\n\r\\ é \u0007 \u200b \udb40\udc01"`, `'\t\n\r\\ é \x07 \u200b \U000e0001'`},
		{"a long text", `"` + long + `"`, `'` + long[:117] + "..." + long[:118] + `'`},
		{"a long list", `[0,1,2,3,4,5,6,7,8,9,10]`, `[0, 1, 2, 3, 4, ..., 7, 8, 9, 10]`},
		{"a deep value", `{"a": {"b": {"c": 1}, "d": [[]], "e": [[1]], "f": {}}}`, `{'a': {'b': {...}, 'd': [...], 'e': [...], 'f': {}}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var value any
			decoder := json.NewDecoder(strings.NewReader(test.sent))
			decoder.UseNumber()
			if err := decoder.Decode(&value); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, inspect(value)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
