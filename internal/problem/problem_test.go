package problem_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/internal/problem"
)

func TestClosestNames(t *testing.T) {
	known := []string{"DcimDevice", "DcimDeviceType", "DcimInterface", "LocationSite", "IpamIPAddress", "name__value", "name__values", "site__name__value"}
	for _, test := range []struct {
		name, given string
		want        []string
	}{
		{"a plural", "DcimDevices", []string{"DcimDevice", "DcimDeviceType"}},
		{"another case", "dcimdevice", []string{"DcimDevice", "DcimDeviceType"}},
		{"without the namespace", "Device", []string{"DcimDevice", "DcimDeviceType"}},
		{"with blanks", "location site", []string{"LocationSite"}},
		{"without the suffix", "name", []string{"name__value", "name__values", "site__name__value"}},
		{"letters swapped", "Dcim_Interfcae", []string{"DcimInterface"}},
		{"nothing like it", "zebra", []string{}},
		{"nothing at all", "", nil},
		{"only separators", "__", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, problem.Closest(test.given, known, 5)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := problem.Closest("name", known, 1); len(got) != 1 {
		t.Errorf("a limit of 1 gives %v", got)
	}
}

func TestTheTextSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	p := problem.Unknown("kind", strings.Repeat("é", 500), []string{"x"}, "Look again.")
	if text := p.Error(); len(text) > 300 || !strings.HasSuffix(text, "…\". Look again.") {
		t.Errorf("%s", text)
	}
	if got := problem.Unknown("kind", "Devic", []string{"Device"}, "Look again.").Error(); got != `There is no kind named "Devic". Did you mean Device? Look again.` {
		t.Error(got)
	}
	if got := problem.New("Wrong.", "").Error(); got != "Wrong." {
		t.Error(got)
	}
}
