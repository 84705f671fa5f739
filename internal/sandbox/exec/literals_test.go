package exec

import "testing"

func TestTimesOfISO8601(t *testing.T) {
	for text, want := range map[string]bool{
		"2024": true, "2024-02": true, "2024-02-29": true, "20240229": true, "2024-02-29T10": true, "2024-02-29 10:00": true,
		"2024-02-29T1000": true, "2024-02-29T10:00:00Z": true, "2024-02-29T10:00:00.123456+02:00": true,
		"2024-02-29T10:00:00,5-0200": true, "20240229T100000+02": true, "2024-02-29T24:00": true,
		"": false, "yesterday": false, "202402": false, "2024-2-9": false, "2024-13": false, "2023-02-29": false,
		"2024-02-29T": false, "2024-02-29T25": false, "2024-02-29T24:01": false, "2024-02-29T10:60": false, "2024-02-29T10:00:00+2": false,
	} {
		if isDateTime(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
