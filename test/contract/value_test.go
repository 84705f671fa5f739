package contract

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestAValueKeepsItsTextThroughDecoding(t *testing.T) {
	for _, in := range []string{
		`{"b":1,"a":[null,true,"<é>"],"c":{}}`, `[]`, `12345678901234567890`, `1.50`, `""`, `null`,
	} {
		if got := plain(t, parsed(t, in)); got != in {
			t.Errorf("%s became %s", in, got)
		}
	}
}

func TestWhatIsNotOneValueIsRefused(t *testing.T) {
	for _, in := range []string{``, `{`, `[1,`, `{"a"}`, `1 2`, `{"a":1}]`, `nope`} {
		if value, err := decode([]byte(in)); err == nil {
			t.Errorf("%q was read as %v", in, value)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"b":1,"a":[null,true,"x"]}`, `[[],{}]`, `1e400`, `{"a":1,"a":2}`, `"\ud800"`, `]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		value, err := decode(raw)
		if err != nil {
			return
		}
		once, err := text(value)
		if err != nil {
			t.Fatalf("%q was read but cannot be written: %v", raw, err)
		}
		if !json.Valid(once) {
			t.Fatalf("%q was written as %q, which is no JSON", raw, once)
		}
		again, err := decode(once)
		if err != nil {
			t.Fatalf("%q was written as %q, which cannot be read: %v", raw, once, err)
		}
		if twice, _ := text(again); !bytes.Equal(once, twice) {
			t.Fatalf("%q was written as %q, then as %q", raw, once, twice)
		}
	})
}
