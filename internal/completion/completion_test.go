package completion

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRank(t *testing.T) {
	names := []string{"LocationSite", "DcimDeviceType", "DcimDevice", "CoreDevotion", "IpamVLAN", "Website"}
	for typed, want := range map[string][]string{
		"dcimd": {"DcimDevice", "DcimDeviceType"},
		"site":  {"LocationSite", "Website"},
		"dev":   {"CoreDevotion", "DcimDevice", "DcimDeviceType"},
		"zzz":   {},
		"":      {"CoreDevotion", "DcimDevice", "DcimDeviceType", "IpamVLAN", "LocationSite", "Website"},
		"éß":    {},
	} {
		if got, total := Rank(names, typed); cmp.Diff(want, got) != "" || total != len(want) {
			t.Errorf("%q: %v, %d", typed, got, total)
		}
	}
	var many []string
	for i := range 250 {
		many = append(many, fmt.Sprintf("b%03d", i))
	}
	if got, total := Rank(many, "b"); len(got) != Most || total != 250 {
		t.Errorf("%d of %d", len(got), total)
	}
}
