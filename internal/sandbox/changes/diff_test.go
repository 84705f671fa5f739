package changes

import (
	"testing"

	"infrahub-mcp/internal/sandbox/fault"
)

// conflicting is a branch on which a provider is made, one changed and one
// deleted, while the same one was changed on the default branch.
type conflicting struct {
	*lab
	both, gone, fresh string
}

func newConflicting(t *testing.T) conflicting {
	l := newLab(t)
	c := conflicting{lab: l, both: l.provider("main", "both", "old@example.com")}
	c.gone = l.provider("main", "gone", "")
	l.branch("work")
	c.fresh = l.provider("work", "fresh", "new@example.com")
	l.setMail("work", c.both, "branch@example.com")
	l.ask("work", `mutation { OrganizationProviderDelete(data: {id: "`+c.gone+`"}) { ok } }`)
	l.setMail("main", c.both, "main@example.com")
	return c
}

func (l *lab) setMail(branch, id, mail string) {
	l.Helper()
	l.ask(branch, `mutation { OrganizationProviderUpdate(data: {id: "`+id+`", noc_email: {value: "`+mail+`"}}) { ok } }`)
}

func (l *lab) updateDiff(branch string) {
	l.Helper()
	l.want("main", `mutation { DiffUpdate(data: {branch: "`+branch+`"}, wait_until_completion: true) { ok task { id } } }`, `{"DiffUpdate":{"ok":true,"task":null}}`)
}

const diffCounts = `num_added num_updated num_removed num_conflicts num_untracked_base_changes num_untracked_diff_changes`

func TestADiffIsThereOnceItWasAskedFor(t *testing.T) {
	l := newConflicting(t)
	l.want("main", `{ DiffTree(branch: "work") { num_added } DiffTreeSummary(branch: "work") { num_added } }`, `{"DiffTree":null,"DiffTreeSummary":null}`)
	l.want("main", `{ DiffTree { num_added } }`, `{"DiffTree":null}`)
	l.updateDiff("work")
	l.want("main", `{ DiffTree(branch: "work") { `+diffCounts+` base_branch diff_branch name } }`,
		`{"DiffTree":{"num_added":1,"num_updated":1,"num_removed":1,"num_conflicts":1,"num_untracked_base_changes":0,"num_untracked_diff_changes":0,`+
			`"base_branch":"main","diff_branch":"work","name":null}}`)
	l.want("main", `{ DiffTreeSummary(branch: "work") { `+diffCounts+` num_unchanged base_branch diff_branch } }`,
		`{"DiffTreeSummary":{"num_added":4,"num_updated":1,"num_removed":4,"num_conflicts":1,"num_untracked_base_changes":0,"num_untracked_diff_changes":0,`+
			`"num_unchanged":0,"base_branch":"main","diff_branch":"work"}}`)
	l.want("main", `{ DiffTree { num_added diff_branch nodes { uuid } } }`, `{"DiffTree":{"num_added":0,"diff_branch":"main","nodes":[]}}`)
	l.want("main", `{ DiffTree(branch: "work", name: "other") { num_added } }`, `{"DiffTree":null}`)

	l.setMail("work", l.fresh, "newer@example.com")
	l.want("main", `{ DiffTree(branch: "work") { `+diffCounts+` } }`,
		`{"DiffTree":{"num_added":1,"num_updated":1,"num_removed":1,"num_conflicts":1,"num_untracked_base_changes":0,"num_untracked_diff_changes":2}}`)
	l.refuse(l.admin, "main", `{ DiffTree(branch: "nowhere") { num_added } }`, fault.BranchNotFound, "Branch: nowhere not found.")
}

func TestADiffTellsOfAttributes(t *testing.T) {
	l := newConflicting(t)
	l.updateDiff("work")
	const selection = `nodes {
		uuid kind label status path_identifier contains_conflict num_added num_updated num_removed num_conflicts parent { uuid } conflict { uuid }
		attributes { name status path_identifier contains_conflict num_added num_updated num_removed
			properties { property_type previous_value new_value status path_identifier }
			conflict { base_branch_action base_branch_value base_branch_label diff_branch_action diff_branch_value selected_branch resolvable }
		}
		relationships { name }
	}`
	node := func(id string) string {
		return `{ DiffTree(branch: "work", filters: {ids: ["` + id + `"]}) { ` + selection + ` } }`
	}
	l.want("main", node(l.both), `{"DiffTree":{"nodes":[{"uuid":"`+l.both+`","kind":"OrganizationProvider","label":"both","status":"UPDATED","path_identifier":"data/`+l.both+`",`+
		`"contains_conflict":true,"num_added":0,"num_updated":1,"num_removed":0,"num_conflicts":1,"parent":null,"conflict":null,"attributes":[`+
		`{"name":"noc_email","status":"UPDATED","path_identifier":"data/`+l.both+`/noc_email","contains_conflict":true,"num_added":0,"num_updated":1,"num_removed":0,`+
		`"properties":[{"property_type":"HAS_VALUE","previous_value":"old@example.com","new_value":"branch@example.com","status":"UPDATED","path_identifier":"data/`+l.both+`/noc_email/value"}],`+
		`"conflict":{"base_branch_action":"UPDATED","base_branch_value":"main@example.com","base_branch_label":null,"diff_branch_action":"UPDATED",`+
		`"diff_branch_value":"branch@example.com","selected_branch":null,"resolvable":true}}],"relationships":[]}]}}`)

	attribute := func(id, name, action, value, protected string) string {
		count := `"num_added":0,"num_updated":0,"num_removed":2`
		if action == "ADDED" {
			count = `"num_added":2,"num_updated":0,"num_removed":0`
		}
		return `{"name":"` + name + `","status":"` + action + `","path_identifier":"data/` + id + `/` + name + `","contains_conflict":false,` + count + `,"properties":[` +
			`{"property_type":"HAS_VALUE",` + value + `,"status":"` + action + `","path_identifier":"data/` + id + `/` + name + `/value"},` +
			`{"property_type":"IS_PROTECTED",` + protected + `,"status":"` + action + `","path_identifier":"data/` + id + `/` + name + `/property/IS_PROTECTED"}],"conflict":null}`
	}
	removed := func(name, value string) string {
		return attribute(l.gone, name, "REMOVED", `"previous_value":`+value+`,"new_value":null`, `"previous_value":"False","new_value":null`)
	}
	l.want("main", node(l.gone), `{"DiffTree":{"nodes":[{"uuid":"`+l.gone+`","kind":"OrganizationProvider","label":"gone","status":"REMOVED","path_identifier":"data/`+l.gone+`",`+
		`"contains_conflict":false,"num_added":0,"num_updated":0,"num_removed":4,"num_conflicts":0,"parent":null,"conflict":null,"attributes":[`+
		removed("display_label", `"gone"`)+","+removed("human_friendly_id", `"[\"gone\"]"`)+","+removed("name", `"gone"`)+","+removed("noc_email", `""`)+`],"relationships":[]}]}}`)
	added := func(name, value string) string {
		return attribute(l.fresh, name, "ADDED", `"previous_value":null,"new_value":`+value, `"previous_value":null,"new_value":"False"`)
	}
	l.want("main", node(l.fresh), `{"DiffTree":{"nodes":[{"uuid":"`+l.fresh+`","kind":"OrganizationProvider","label":"fresh","status":"ADDED","path_identifier":"data/`+l.fresh+`",`+
		`"contains_conflict":false,"num_added":4,"num_updated":0,"num_removed":0,"num_conflicts":0,"parent":null,"conflict":null,"attributes":[`+
		added("display_label", `"fresh"`)+","+added("human_friendly_id", `"[\"fresh\"]"`)+","+added("name", `"fresh"`)+","+added("noc_email", `"new@example.com"`)+`],"relationships":[]}]}}`)
}

func TestADiffIsFiltered(t *testing.T) {
	l := newConflicting(t)
	l.updateDiff("work")
	for arguments, want := range map[string]string{
		``:                                       `{"label":"both"},{"label":"gone"},{"label":"fresh"}`,
		`filters: {status: {includes: [ADDED]}}`: `{"label":"fresh"}`,
		`filters: {status: {excludes: [REMOVED]}}`:                                                 `{"label":"both"},{"label":"fresh"}`,
		`filters: {kind: {includes: ["OrganizationProvider"]}}`:                                    `{"label":"both"},{"label":"gone"},{"label":"fresh"}`,
		`filters: {kind: {includes: ["DcimDevice"]}}`:                                              ``,
		`filters: {kind: {excludes: ["OrganizationProvider"]}}`:                                    ``,
		`filters: {namespace: {excludes: ["Organization"]}}`:                                       ``,
		`filters: {namespace: {includes: ["Organization"]}, status: {includes: [ADDED, REMOVED]}}`: `{"label":"gone"},{"label":"fresh"}`,
		`filters: {ids: ["` + l.fresh + `"], status: {includes: [REMOVED]}}`:                       `{"label":"fresh"}`,
		`root_node_uuids: ["` + l.gone + `"]`:                                                      `{"label":"gone"}`,
		`filters: {ids: ["garbage"]}`:                                                              ``,
		`limit: 1, offset: 1`:                                                                      `{"label":"gone"}`,
		`offset: 7`:                                                                                ``,
		`include_parents: false`:                                                                   `{"label":"both"},{"label":"gone"},{"label":"fresh"}`,
	} {
		if arguments != "" {
			arguments = ", " + arguments
		}
		l.want("main", `{ DiffTree(branch: "work"`+arguments+`) { num_added num_updated num_removed nodes { label } } }`,
			`{"DiffTree":{"num_added":1,"num_updated":1,"num_removed":1,"nodes":[`+want+`]}}`)
	}
	l.want("main", `{ DiffTreeSummary(branch: "work", filters: {status: {includes: [ADDED]}}) { num_added num_updated num_removed num_conflicts } }`,
		`{"DiffTreeSummary":{"num_added":4,"num_updated":0,"num_removed":0,"num_conflicts":0}}`)
}

func TestADiffTellsOfRelationshipsAndComponents(t *testing.T) {
	l := newLab(t)
	create := func(branch, kind, data string) string {
		return l.path(l.ask(branch, `mutation { `+kind+`Create(data: {`+data+`}) { object { id } } }`), kind+"Create.object.id")
	}
	region := create("main", "LocationRegion", `name: {value: "eu"}`)
	site := create("main", "LocationSite", `name: {value: "par1"}, parent: {id: "`+region+`"}`)
	other := create("main", "LocationSite", `name: {value: "par2"}, parent: {id: "`+region+`"}`)
	maker := create("main", "OrganizationManufacturer", `name: {value: "maker"}`)
	sort := create("main", "DcimDeviceType", `name: {value: "type"}, manufacturer: {id: "`+maker+`"}`)
	device := create("main", "DcimDevice", `name: {value: "leaf1"}, role: {value: "leaf"}, serial: {value: "1"}, site: {id: "`+site+`"}, device_type: {id: "`+sort+`"}`)
	port := create("main", "DcimPhysicalInterface", `name: {value: "Ethernet1"}, device: {id: "`+device+`"}`)
	l.branch("work")
	l.ask("work", `mutation { DcimDeviceUpdate(data: {id: "`+device+`", site: {id: "`+other+`"}}) { ok } }`)
	l.ask("work", `mutation { DcimPhysicalInterfaceUpdate(data: {id: "`+port+`", description: {value: "a/b"}}) { ok } }`)
	l.updateDiff("work")
	const selection = `nodes { label status parent { uuid kind relationship_name }
		relationships { name label cardinality status path_identifier num_added num_updated num_removed elements {
			status peer_id peer_label path_identifier num_updated properties { property_type previous_label new_label previous_value new_value status path_identifier } } } }`
	l.want("main", `{ DiffTree(branch: "work", filters: {ids: ["`+device+`"]}) { num_updated `+selection+` } }`,
		`{"DiffTree":{"num_updated":4,"nodes":[{"label":"leaf1","status":"UPDATED","parent":null,"relationships":[`+
			`{"name":"site","label":"Site","cardinality":"ONE","status":"UPDATED","path_identifier":"data/`+device+`/site/peer","num_added":0,"num_updated":1,"num_removed":0,"elements":[`+
			`{"status":"UPDATED","peer_id":"`+other+`","peer_label":"par2","path_identifier":"data/`+device+`/site/peer","num_updated":1,"properties":[`+
			`{"property_type":"IS_RELATED","previous_label":"par1","new_label":"par2","previous_value":"`+site+`","new_value":"`+other+`","status":"UPDATED","path_identifier":"data/`+device+`/site/property/IS_RELATED"},`+
			`{"property_type":"IS_PROTECTED","previous_label":null,"new_label":null,"previous_value":"False","new_value":"False","status":"UNCHANGED","path_identifier":"data/`+device+`/site/property/IS_PROTECTED"}]}]}]}]}}`)
	// The old site lost a device; it is below a region, which did not change.
	l.want("main", `{ DiffTree(branch: "work", filters: {ids: ["`+site+`"]}) { `+selection+` } }`,
		`{"DiffTree":{"nodes":[{"label":"par1","status":"UPDATED","parent":{"uuid":"`+region+`","kind":"LocationRegion","relationship_name":"children"},"relationships":[`+
			`{"name":"devices","label":"Devices","cardinality":"MANY","status":"UPDATED","path_identifier":"data/`+site+`/devices","num_added":0,"num_updated":0,"num_removed":1,"elements":[`+
			`{"status":"REMOVED","peer_id":"`+device+`","peer_label":"leaf1","path_identifier":"data/`+site+`/devices","num_updated":0,"properties":[`+
			`{"property_type":"IS_RELATED","previous_label":"leaf1","new_label":null,"previous_value":"`+device+`","new_value":null,"status":"REMOVED","path_identifier":"data/`+site+`/devices/property/IS_RELATED"},`+
			`{"property_type":"IS_PROTECTED","previous_label":null,"new_label":null,"previous_value":"False","new_value":null,"status":"REMOVED","path_identifier":"data/`+site+`/devices/property/IS_PROTECTED"}]}]}]},`+
			`{"label":"eu","status":"UNCHANGED","parent":null,"relationships":[]}]}}`)
	l.want("main", `{ DiffTree(branch: "work", filters: {kind: {includes: ["DcimPhysicalInterface"]}}) {
		nodes { label status path_identifier parent { kind relationship_name } attributes { name properties { previous_value status new_value } } } } }`,
		`{"DiffTree":{"nodes":[{"label":"Ethernet1","status":"UPDATED","path_identifier":"data/`+port+`","parent":{"kind":"DcimDevice","relationship_name":"interfaces"},"attributes":[`+
			`{"name":"description","properties":[{"previous_value":"NULL","status":"ADDED","new_value":"a/b"}]}]},`+
			`{"label":"leaf1","status":"UNCHANGED","path_identifier":"","parent":null,"attributes":[]}]}}`)
	l.want("main", `{ DiffTree(branch: "work", include_parents: false, filters: {ids: ["`+port+`"]}) { nodes { label parent { kind } } } }`,
		`{"DiffTree":{"nodes":[{"label":"Ethernet1","parent":null}]}}`)
}

func TestValuesAreWrittenAsPythonWouldPrintThem(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{nil, "NULL"},
		{true, "True"},
		{false, "False"},
		{"a/b", "a/b"},
		{int64(4200000000), "4200000000"},
		{1.5, "1.5"},
		{[]any{"a", "b/c"}, `["a","b\/c"]`},
		{map[string]any{"é": "<😀>"}, `{"\u00e9":"<\ud83d\ude00>"}`},
	} {
		if got := valueText(test.value); got != test.want {
			t.Errorf("%v: got %s, want %s", test.value, got, test.want)
		}
	}
}
