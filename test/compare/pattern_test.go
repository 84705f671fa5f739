package main

import "testing"

func TestAnAnswerFitsThePatternOfItsQuestion(t *testing.T) {
	const first = 700000001
	of := newPattern(first, []byte(`{"id":700000001,"result":"700000001, a"}`))
	for _, c := range []struct {
		name    string
		id      int
		message string
		want    bool
	}{
		{"the same answer", first, `{"id":700000001,"result":"700000001, a"}`, true},
		{"under another id", 700000002, `{"id":700000002,"result":"700000002, a"}`, true},
		{"under an id that was not asked with", 700000002, `{"id":700000001,"result":"700000001, a"}`, false},
		{"with one id of two", 700000002, `{"id":700000002,"result":"700000001, a"}`, false},
		{"with another value", 700000002, `{"id":700000002,"result":"700000002, b"}`, false},
		{"cut off", 700000002, `{"id":700000002,"result":"700000002, a`, false},
		{"with more behind it", 700000002, `{"id":700000002,"result":"700000002, a"} `, false},
		{"nothing", 700000002, ``, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := of.fits(c.id, []byte(c.message)); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
