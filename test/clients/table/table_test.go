package table_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"infrahub-mcp/test/clients/table"
)

func TestThePageHasTheTableOfThePinnedVersions(t *testing.T) {
	page, err := os.ReadFile("../../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := table.Write(string(page), "..")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("make test-clients ARGS=-update writes it:\n%s", diff)
	}
}

func TestThePageNamesTheVersionOfMCPRemoteThatIsTested(t *testing.T) {
	page, err := os.ReadFile("../../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	clients := table.Clients()
	i := slices.IndexFunc(clients, func(c table.Client) bool { return c.ID == "mcp-remote" })
	want, err := clients[i].Version("..")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`mcp-remote@([^"]+)`).FindAllStringSubmatch(string(page), -1)
	if len(named) == 0 {
		t.Error("the page names no version")
	}
	for _, name := range named {
		if name[1] != want {
			t.Errorf("the page has mcp-remote %s, %s is tested", name[1], want)
		}
	}
}

func TestALackIsLookedUpByWhereItIs(t *testing.T) {
	c := table.Client{Lacks: []table.Lack{
		{Action: "complete", Reason: "everywhere"},
		{Action: "cancel", Transport: table.HTTP, Era: table.Legacy, Reason: "there"},
	}}
	tests := []struct{ action, transport, era, want string }{
		{"complete", table.Stdio, table.Modern, "everywhere"},
		{"cancel", table.HTTP, table.Legacy, "there"},
		{"cancel", table.HTTP, table.Modern, ""},
		{"cancel", table.Stdio, table.Legacy, ""},
		{"list", table.HTTP, table.Legacy, ""},
	}
	for _, test := range tests {
		t.Run(test.action+" over "+test.transport+" in "+test.era, func(t *testing.T) {
			if got := c.Lacking(test.action, test.transport, test.era); got != test.want {
				t.Errorf("lacking: %q, want %q", got, test.want)
			}
		})
	}
}
