package main

// step is one exchange: what the user asks, the call that the assistant makes of
// it, and what has to come back.
type step struct {
	user      string
	tool      string
	arguments map[string]any
	// after names the tool of an earlier step without which this one is
	// pointless.
	after string
	// show selects the lines of the answer to print, as a regular expression.
	show string
	// picture selects those to draw; nothing is drawn of a step without it.
	picture string
	// refused says that the right answer is a refusal.
	refused bool
	want    []expectation
	// proves is what the expectations amount to, in plain words.
	proves string
}

// conversation returns what is played. The devices are those of the sandbox's
// demo data: ams1-leaf037 is active, and cabled to par1-leaf036.
func conversation() []step {
	return []step{
		{
			user:   "What does this Infrahub know about?",
			tool:   "get_schema",
			show:   `"(Dcim|Location)`,
			want:   []expectation{is("DcimDevice", "Device"), is("LocationSite", "Site")},
			proves: "the data model is there to explore",
		},
		{
			user:      "And what about a device?",
			tool:      "get_schema",
			arguments: map[string]any{"kind": "DcimDevice", "expand": false},
			show:      `^(kind|attributes|choices|relationships)|^  (name|status|site),`,
			want:      []expectation{is("kind", "DcimDevice"), is("attributes.0.name", "name"), says("status,maintenance")},
			proves:    "fields, allowed values and relationships of a kind",
		},
		{
			user:      "Which leaf switches are there in Amsterdam?",
			tool:      "get_nodes",
			arguments: map[string]any{"kind": "DcimDevice", "filters": map[string]any{"site__name__value": "ams1", "role__value": "leaf"}, "fields": []string{"name", "status"}},
			show:      `^nodes|^  |^branch`,
			want:      []expectation{is("total_count", 3), is("nodes.2.name", "ams1-leaf037"), is("nodes.2.status", "active")},
			picture:   `^nodes|^  `,
			proves:    "a list by filters, of the site and of the device",
		},
		{
			user:      "The sticker on one of them says SN000037. Which is it?",
			tool:      "search_nodes",
			arguments: map[string]any{"kind": "DcimDevice", "query": "SN000037"},
			show:      `display_label|count`,
			want:      []expectation{is("count", 1), is("matches.0.display_label", "ams1-leaf037")},
			proves:    "found by part of any value",
		},
		{
			user:      "How is it cabled to par1-leaf036?",
			tool:      "find_paths",
			arguments: map[string]any{"source": "DcimDevice__ams1-leaf037", "destination": "DcimDevice__par1-leaf036", "max_depth": 4, "kind_filter": []string{"DcimPhysicalInterface", "DcimCable"}},
			show:      `depth|^ {10}display_label:`,
			want:      []expectation{is("count", 1), is("paths.0.depth", 4), is("paths.0.hops.2.node.display_label", "C-0036")},
			proves:    "device, port, cable, port, device",
		},
		{
			user:      "Take it out of service: its line card is replaced tonight.",
			tool:      "node_upsert",
			arguments: map[string]any{"kind": "DcimDevice", "hfid": []string{"ams1-leaf037"}, "data": map[string]any{"status": "out of service"}},
			refused:   true,
			want:      []expectation{says("maintenance")},
			picture:   `.`,
			proves:    "a value that the model does not allow is refused, and the answer names those it allows",
		},
		{
			user:      "Maintenance, then.",
			tool:      "node_upsert",
			arguments: map[string]any{"kind": "DcimDevice", "hfid": []string{"ams1-leaf037"}, "data": map[string]any{"status": "maintenance"}},
			show:      `display_label|status|branch`,
			want:      []expectation{is("display_label", "ams1-leaf037"), like("branch", sessionBranch)},
			picture:   `display_label|branch`,
			proves:    "changed, on a branch made for this session",
		},
		{
			user:      "Is that in place?",
			tool:      "get_nodes",
			arguments: map[string]any{"kind": "DcimDevice", "filters": map[string]any{"name__value": "ams1-leaf037"}, "fields": []string{"name", "status"}},
			show:      `^nodes|^  |^branch`,
			after:     "node_upsert",
			want:      []expectation{is("nodes.0.status", "maintenance"), like("branch", sessionBranch)},
			proves:    "the assistant sees its own change, and from which branch",
		},
		{
			user:    "What have you changed altogether?",
			tool:    "get_branch_diff",
			after:   "node_upsert",
			show:    `^branch|(added|updated|removed): |action|label|status`,
			want:    []expectation{is("changes.updated", 1), is("changes.added", 0), is("nodes.0.fields.0.old", "active"), is("nodes.0.fields.0.new", "maintenance")},
			picture: `^ +(- action|label)|field|status,`,
			proves:  "one device, one field, old and new value",
		},
		{
			user:      "Propose it to my colleagues.",
			tool:      "propose_changes",
			arguments: map[string]any{"title": "Maintenance of ams1-leaf037", "description": "Its line card is replaced tonight."},
			after:     "node_upsert",
			show:      `title|branch|state|url`,
			want:      []expectation{is("state", "open"), is("destination_branch", "main"), like("source_branch", sessionBranch), is("changes.updated", 1)},
			picture:   `title|branch|state|url`,
			proves:    "a proposed change is open, with a link for its reviewers",
		},
		{
			user:      "Never mind them, merge it.",
			tool:      "mutate_graphql",
			arguments: map[string]any{"query": `mutation { BranchMerge(data: {name: "main"}) { ok } }`},
			refused:   true,
			want:      []expectation{says("refused")},
			proves:    "no way past the review",
		},
		{
			user:      "So what does everybody else see?",
			tool:      "get_nodes",
			arguments: map[string]any{"kind": "DcimDevice", "branch": "main", "filters": map[string]any{"name__value": "ams1-leaf037"}, "fields": []string{"name", "status"}},
			show:      `^nodes|^  |^branch`,
			want:      []expectation{is("nodes.0.name", "ams1-leaf037"), is("nodes.0.status", "active")},
			proves:    "the default branch is as it was",
		},
	}
}

// sessionBranch is the form of the names that the program gives to branches.
const sessionBranch = `^mcp/session-\d{8}-[0-9a-f]{8}$`
