package front

import (
	"encoding/json"
	"testing"
)

func TestFaultsOfJSONAreToldAsPythonDoes(t *testing.T) {
	tests := []struct {
		text, reason string
		at           int
	}{
		{`{`, "Expecting property name enclosed in double quotes", 1},
		{`{'a':1}`, "Expecting property name enclosed in double quotes", 1},
		{`{"a" 1}`, "Expecting ':' delimiter", 5},
		{`{"a":1} x`, "Extra data", 8},
		{`{"a":"x`, "Unterminated string starting at", 5},
		{`{"ä":"\"x`, "Unterminated string starting at", 5},
		{`{"a":1`, "Expecting ',' delimiter", 6},
		{`[1`, "Expecting ',' delimiter", 2},
		{`username=admin`, "Expecting value", 0},
		{`{"query":`, "Expecting value", 9},
		{``, "Expecting value", 0},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			_, got := decodeJSON([]byte(tt.text))
			if got == nil || got.reason != tt.reason || got.at != tt.at {
				t.Errorf("got %+v, want %s at %d", got, tt.reason, tt.at)
			}
		})
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":"x`, "\"\\", `[1,`, `{"a" 1}`, "\x00", `"\u12`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, fault := decodeJSON(text)
		if valid := json.Valid(text); valid != (fault == nil) {
			t.Errorf("valid: %v, fault: %+v", valid, fault)
		}
		if fault != nil && (fault.at < 0 || fault.at > len(text)) {
			t.Errorf("the fault is at %d of %d", fault.at, len(text))
		}
	})
}
