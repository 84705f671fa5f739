package exec

import "testing"

func TestNamesAreSuggestedThatTakeFewEdits(t *testing.T) {
	for _, test := range []struct {
		name, wrong string
		known       []string
		want        string
	}{
		{"none is near", "abc", []string{"xyz", "abcdef"}, ""},
		{"one", "naem", []string{"name", "serial"}, " Did you mean 'name'?"},
		{"two, the closest first", "nam", []string{"fame", "name"}, " Did you mean 'name' or 'fame'?"},
		{"three, in their order where equally close", "x", []string{"c", "a", "b"}, " Did you mean 'a', 'b', or 'c'?"},
		{"no more than five", "x", []string{"f", "e", "d", "c", "b", "a"}, " Did you mean 'a', 'b', 'c', 'd', or 'e'?"},
		{"numbers by their size", "x1", []string{"x10", "x9", "x2"}, " Did you mean 'x2', 'x9', or 'x10'?"},
		{"a swap is one edit", "ab", []string{"ba"}, " Did you mean 'ba'?"},
		{"any change of case is one edit", "abcd", []string{"ABCD", "abce", "abcdefg"}, " Did you mean 'ABCD' or 'abce'?"},
		{"a name once", "x", []string{"a", "a"}, " Did you mean 'a'?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := didYouMean("", test.wrong, test.known); got != test.want {
				t.Errorf("%q", got)
			}
		})
	}
}
