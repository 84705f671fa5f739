package seed_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/sandbox/store"
)

// filled returns the default branch with all that this package adds.
func filled(t *testing.T, devices int) *nodes.Graph {
	t.Helper()
	core, err := model.Core()
	if err != nil {
		t.Fatal(err)
	}
	base := nodes.NewBase(core, store.Options{})
	request, err := model.DemoRequest()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := base.Load("main", request); err != nil {
		t.Fatal(err)
	}
	if err := seed.Core(base); err != nil {
		t.Fatal(err)
	}
	admin, err := seed.AddAccounts(base, seed.Accounts())
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Demo(base, admin, devices); err != nil {
		t.Fatal(err)
	}
	g, err := base.Read("main", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if n := g.Node(admin); n == nil || n.Text("name") != "admin" {
		t.Errorf("the first account is %v", n)
	}
	return g
}

func TestTheDemoDataGrowsWithTheNumberOfDevices(t *testing.T) {
	for _, devices := range []int{1, 3, 40} {
		t.Run(fmt.Sprint(devices), func(t *testing.T) {
			g := filled(t, devices)
			got := map[string]int{}
			want := map[string]int{
				"LocationGeneric": 14, "BuiltinTag": 3, "ServiceCircuit": 8, "IpamVLAN": 12,
				"DcimDevice": devices, "DcimInterface": 5 * devices, "IpamIPAddress": 2 * devices,
				"DcimCable": devices / 2, "RoutingBGPSession": devices / 2,
			}
			for kind := range want {
				got[kind] = len(g.NodesOf(g.Model.Kind(kind)))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every node of the demo data is the same each time, but for ids and times.
func TestTheDemoDataIsTheSameEachTime(t *testing.T) {
	described := func(g *nodes.Graph) (all []string) {
		kind := g.Model.Kind("CoreNode")
		for _, n := range g.NodesOf(kind) {
			if n.CreatedBy == nodes.SystemAccount {
				continue
			}
			var b strings.Builder
			fmt.Fprintf(&b, "%s %s", n.Kind, n.HFID())
			for _, a := range n.Schema.Attributes {
				fmt.Fprintf(&b, " %s=%v", a.Name, n.Value(a.Name))
			}
			for _, r := range n.Schema.Relationships {
				for _, peer := range n.Related(r.Name) {
					fmt.Fprintf(&b, " %s:%s", r.Name, peer.HFID())
				}
			}
			all = append(all, b.String())
		}
		return all
	}
	first, second := described(filled(t, 6)), described(filled(t, 6))
	if diff := cmp.Diff(first, second); diff != "" || len(first) < 80 {
		t.Errorf("of %d nodes differ:\n%s", len(first), diff)
	}
}

func TestAccountsHaveTheirPasswordsAndTokens(t *testing.T) {
	g := filled(t, 1)
	for _, account := range seed.Accounts() {
		found := g.Having(g.Model.Kind("CoreAccount"), "name", account.Name)
		if len(found) != 1 {
			t.Errorf("%s is there %d times", account.Name, len(found))
			continue
		}
		if err := bcrypt.CompareHashAndPassword([]byte(found[0].Text("password")), []byte(account.Password)); err != nil {
			t.Errorf("%s: the password is not stored as its hash: %v", account.Name, err)
		}
		tokens := g.Having(g.Model.Kind("InternalAccountToken"), "token", account.Token)
		if len(tokens) != 1 || len(tokens[0].Related("account")) != 1 || tokens[0].Related("account")[0].ID != found[0].ID {
			t.Errorf("%s does not have its token", account.Name)
		}
		groups := found[0].Related("member_of_groups")
		if !slices.ContainsFunc(groups, func(n *nodes.Node) bool { return n.Text("name") == account.Group }) {
			t.Errorf("%s is not in the group %s", account.Name, account.Group)
		}
	}
}

func TestEachDeviceHasItsOwnPlaceAndAddresses(t *testing.T) {
	g := filled(t, 300)
	seen := map[string]string{}
	for kind, attribute := range map[string]string{"DcimDevice": "mac_address", "IpamIPAddress": "address", "DcimCable": "label"} {
		for _, n := range g.NodesOf(g.Model.Kind(kind)) {
			value := kind + " " + n.Text(attribute)
			if other, taken := seen[value]; taken {
				t.Errorf("%s is that of %s and %s", value, other, n.Label())
			}
			seen[value] = n.Label()
		}
	}
	for _, device := range g.NodesOf(g.Model.Kind("DcimDevice")) {
		site, rack := device.Related("site"), device.Related("rack")
		if len(site) != 1 || len(rack) != 1 || rack[0].Related("parent")[0].ID != site[0].ID {
			t.Errorf("%s stands in a rack of another site", device.Label())
		}
	}
}
