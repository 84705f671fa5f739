package changes

import (
	"testing"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/fault"
)

// proposing is the mutation that proposes the changes of a branch.
func proposing(source, destination string) string {
	return `CoreProposedChangeCreate(data: {name: {value: "a change"}, source_branch: {value: "` + source + `"}, destination_branch: {value: "` + destination + `"}})`
}

// propose makes a proposed change in the name of a caller and returns its id.
func (l *lab) propose(caller *access.Caller, branch string) string {
	l.Helper()
	r := l.as(caller, branch, `mutation { `+proposing(branch, "main")+` { ok } }`)
	if len(r.Errors) > 0 {
		l.Fatal(r.Errors[0])
	}
	data := l.ask("main", `{ CoreProposedChange(source_branch__value: "`+branch+`") { edges { node { id } } } }`)
	return l.path(data, "CoreProposedChange.edges.0.node.id")
}

func (l *lab) state(id, want string) {
	l.Helper()
	l.want("main", `{ CoreProposedChange(ids: ["`+id+`"]) { edges { node { state { value } } } } }`,
		`{"CoreProposedChange":{"edges":[{"node":{"state":{"value":"`+want+`"}}}]}}`)
}

func TestAProposedChangeIsCheckedAtOnce(t *testing.T) {
	l := newConflicting(t)
	id := l.propose(l.engineer, "work")
	l.want("main", `{ CoreProposedChange(ids: ["`+id+`"]) { edges {
		node { name { value } state { value } is_draft { value } total_comments { value } validations { edges { node {
			__typename label { value } state { value } conclusion { value } checks { edges { node { __typename label { value } conclusion { value } severity { value } kind { value } } } }
		} } } }
		node_metadata { created_by { display_label } }
	} } }`, `{"CoreProposedChange":{"edges":[{"node":{"name":{"value":"a change"},"state":{"value":"open"},"is_draft":{"value":false},"total_comments":{"value":0},"validations":{"edges":[`+
		`{"node":{"__typename":"CoreDataValidator","label":{"value":"Data Integrity"},"state":{"value":"completed"},"conclusion":{"value":"failure"},"checks":{"edges":[`+
		`{"node":{"__typename":"CoreDataCheck","label":{"value":"noc_email (`+l.both+`)"},"conclusion":{"value":"failure"},"severity":{"value":"critical"},"kind":{"value":"DataIntegrity"}}}]}}},`+
		`{"node":{"__typename":"CoreSchemaValidator","label":{"value":"Schema Integrity"},"state":{"value":"completed"},"conclusion":{"value":"success"},"checks":{"edges":[`+
		`{"node":{"__typename":"CoreSchemaCheck","label":{"value":"Data Conflict"},"conclusion":{"value":"success"},"severity":{"value":"info"},"kind":{"value":"DataIntegrity"}}}]}}}]}},`+
		`"node_metadata":{"created_by":{"display_label":"Engineer"}}}]}}`)
	l.choose("DIFF_BRANCH")
	l.want("main", `{ CoreDataCheck { edges { node { keep_branch { value } } } } }`, `{"CoreDataCheck":{"edges":[{"node":{"keep_branch":{"value":"source"}}}]}}`)

	// Once both sides agree, so do the checks.
	l.setMail("main", l.both, "branch@example.com")
	l.want("main", `mutation { CoreProposedChangeRunCheck(data: {id: "`+id+`", check_type: DATA}) { ok } }`, `{"CoreProposedChangeRunCheck":{"ok":true}}`)
	l.want("main", `{ CoreDataValidator { edges { node { conclusion { value } checks { count } } } } CoreDataCheck { edges { node { label { value } } } } }`,
		`{"CoreDataValidator":{"edges":[{"node":{"conclusion":{"value":"success"},"checks":{"count":1}}}]},"CoreDataCheck":{"edges":[{"node":{"label":{"value":"Data Conflict"}}}]}}`)
	l.want("main", `mutation { CoreProposedChangeDelete(data: {id: "`+id+`"}) { ok } }`, `{"CoreProposedChangeDelete":{"ok":true}}`)
	l.want("main", `{ CoreValidator { count } CoreCheck { count } }`, `{"CoreValidator":{"count":0},"CoreCheck":{"count":0}}`)
}

func TestProposedChangesThatAreRefused(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	for document, message := range map[string]string{
		proposing("nowhere", "main"):                           "The specified source branch for this proposed change was not found",
		proposing("main", "main"):                              "The source and destination branch can't be the same",
		proposing("work", "nowhere"):                           "Currently only the 'main' branch is supported as a destination for a proposed change",
		`CoreProposedChangeCreate(data: {name: {value: "x"}})`: "The specified source branch for this proposed change was not found",
		`CoreProposedChangeCreate(data: {name: {value: "x"}, source_branch: {value: "work"}, destination_branch: {value: "main"}, state: {value: "closed"}})`: "A proposed change has to be in the open state during creation",
	} {
		l.refuse(l.admin, "main", `mutation { `+document+` { ok } }`, fault.Undefined, message)
	}
	l.refuse(l.admin, "work", `mutation { CoreProposedChangeCreate(data: {source_branch: {value: "work"}, destination_branch: {value: "main"}}) { ok } }`,
		fault.AttributeRequired, "name is mandatory for CoreProposedChange at name")
	l.want("main", `{ CoreProposedChange { count } }`, `{"CoreProposedChange":{"count":0}}`)
	l.propose(l.admin, "work")
	l.refuse(l.admin, "work", `mutation { `+proposing("work", "main")+` { ok } }`, fault.Undefined, "An open proposed change already exists for branch 'work'")
}

func TestTheStatesOfAProposedChange(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	id := l.propose(l.engineer, "work")
	update := func(data string) string {
		return `mutation { CoreProposedChangeUpdate(data: {id: "` + id + `", ` + data + `}) { ok object { state { value } description { value } is_draft { value } } } }`
	}
	l.want("work", update(`description: {value: "x"}, is_draft: {value: true}`),
		`{"CoreProposedChangeUpdate":{"ok":true,"object":{"state":{"value":"open"},"description":{"value":"x"},"is_draft":{"value":true}}}}`)
	l.refuse(l.admin, "work", update(`state: {value: "nope"}`), fault.Undefined, "'nope' is not a valid ProposedChangeState")
	l.refuse(l.engineer, "work", update(`state: {value: "merged"}`), fault.Undefined, "You are not allowed to merge proposed changes")
	l.refuse(l.admin, "work", update(`state: {value: "merged"}`), fault.Undefined, "A draft proposed change is not allowed to be merged")
	l.want("work", update(`state: {value: "closed"}`),
		`{"CoreProposedChangeUpdate":{"ok":true,"object":{"state":{"value":"closed"},"description":{"value":"x"},"is_draft":{"value":true}}}}`)
	for _, data := range []string{`state: {value: "open"}`, `description: {value: "y"}`} {
		l.refuse(l.admin, "work", update(data), fault.Undefined, "A proposed change in the closed state is not allowed to be updated")
	}
	l.refuse(l.admin, "main", `mutation { CoreProposedChangeMerge(data: {id: "`+id+`"}) { ok } }`, fault.Undefined, "Only proposed change in OPEN state can be merged")
	l.refuse(l.admin, "main", `mutation { CoreProposedChangeRunCheck(data: {id: "`+id+`"}) { ok } }`, fault.Undefined,
		"Unable to trigger check on proposed changes that aren't in the open state")
	l.refuse(l.admin, "main", `mutation { CoreProposedChangeReview(data: {id: "`+id+`", decision: APPROVE}) { ok } }`, fault.Undefined,
		"A proposed change in the closed state is not allowed to be reviewed")
	l.refuse(l.admin, "main", `mutation { CoreProposedChangeMerge(data: {id: "nope"}) { ok } }`, fault.NodeNotFound,
		"Unable to find the node nope / CoreProposedChange in the database.")
	l.ask("main", `mutation { BranchDelete(data: {name: "work"}) { ok } }`)
	l.state(id, "canceled")
}

func TestAProposedChangeIsMerged(t *testing.T) {
	for name, mutation := range map[string]string{
		"by its mutation": `CoreProposedChangeMerge(data: {id: "ID"}, wait_until_completion: true) { ok }`,
		"by its state":    `CoreProposedChangeUpdate(data: {id: "ID", state: {value: "merged"}}) { ok }`,
	} {
		t.Run(name, func(t *testing.T) {
			l := newConflicting(t)
			id := l.propose(l.engineer, "work")
			document := `mutation { ` + replaceID(mutation, id) + ` }`
			l.refuse(l.admin, "main", document, fault.Undefined, "Data conflicts found on branch and missing decisions about what branch to keep")
			l.state(id, "open")
			l.choose("BASE_BRANCH")
			l.ask("main", document)
			l.state(id, "merged")
			l.want("main", `{ Branch(name: "work") { status } OrganizationProvider { edges { node { noc_email { value } } } } }`,
				`{"Branch":[{"status":"MERGED"}],"OrganizationProvider":{"edges":[{"node":{"noc_email":{"value":"main@example.com"}}},{"node":{"noc_email":{"value":"new@example.com"}}}]}}`)
			l.refuse(l.admin, "main", `mutation { CoreProposedChangeUpdate(data: {id: "`+id+`", description: {value: "x"}}) { ok } }`, fault.Undefined,
				"A proposed change in the merged state is not allowed to be updated")
		})
	}
}

func replaceID(mutation, id string) string {
	for i := range mutation {
		if mutation[i:i+2] == "ID" {
			return mutation[:i] + id + mutation[i+2:]
		}
	}
	return mutation
}

func TestADirectMergeCancelsWhatWasProposed(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	id := l.propose(l.admin, "work")
	l.ask("main", `mutation { BranchMerge(data: {name: "work"}) { ok } }`)
	l.state(id, "canceled")
}

func TestReviews(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	id := l.propose(l.engineer, "work")
	review := func(decision string) string {
		return `mutation { CoreProposedChangeReview(data: {id: "` + id + `", decision: ` + decision + `}) { ok } }`
	}
	reviewed := func(approved, rejected string) {
		t.Helper()
		l.want("main", `{ CoreProposedChange { edges { node { approved_by { count } rejected_by { count } } } } }`,
			`{"CoreProposedChange":{"edges":[{"node":{"approved_by":{"count":`+approved+`},"rejected_by":{"count":`+rejected+`}}}]}}`)
	}
	l.refuse(l.engineer, "work", review("APPROVE"), fault.PermissionDenied, "You are not allowed to review proposed changes")
	author := access.Root(l.engineer.ID, "engineer")
	l.refuse(author, "work", review("APPROVE"), fault.Undefined, "You cannot review your own proposed changes")
	l.refuse(l.admin, "work", review("CANCEL_APPROVE"), fault.Undefined, "You did not approve this proposed change yet, it can't be un-approved")
	l.refuse(l.admin, "work", review("CANCEL_REJECT"), fault.Undefined, "You did not reject this proposed change yet, it can't be un-rejected")
	l.ask("work", review("APPROVE"))
	reviewed("1", "0")
	l.refuse(l.admin, "work", review("APPROVE"), fault.Undefined, "You have already approved this proposed change")
	l.ask("work", review("REJECT"))
	reviewed("0", "1")
	l.refuse(l.admin, "work", review("REJECT"), fault.Undefined, "You have already rejected this proposed change")
	l.ask("work", review("CANCEL_REJECT"))
	reviewed("0", "0")
}

func TestWhatMayBeDoneWithAProposedChange(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	id := l.propose(l.engineer, "work")
	const query = `{ CoreProposedChangeAvailableActions(proposed_change_id: "ID") { count edges { node { action available unavailability_reason } } } }`
	action := func(name, reason string) string {
		if reason == "" {
			return `{"node":{"action":"` + name + `","available":true,"unavailability_reason":null}}`
		}
		return `{"node":{"action":"` + name + `","available":false,"unavailability_reason":"` + reason + `"}}`
	}
	const author, draft = "You are not the author of the proposed change", "The proposed change is not a draft"
	l.want("main", replaceID(query, id), `{"CoreProposedChangeAvailableActions":{"count":9,"edges":[`+
		action("open", "The proposed change is not closed")+","+action("close", "")+","+action("set-draft", author)+","+action("unset-draft", author)+","+
		action("approve", "")+","+action("cancel-approve", "")+","+action("reject", "")+","+action("cancel-reject", "")+","+action("merge", "")+`]}}`)

	r := l.as(l.engineer, "main", replaceID(query, id))
	const missing = "You do not have the permission to perform this action"
	data, err := r.Data.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"CoreProposedChangeAvailableActions":{"count":9,"edges":[` +
		action("open", "The proposed change is not closed") + "," + action("close", "") + "," + action("set-draft", "") + "," + action("unset-draft", draft) + "," +
		action("approve", missing) + "," + action("cancel-approve", missing) + "," + action("reject", missing) + "," + action("cancel-reject", missing) + "," + action("merge", missing) + `]}}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
	l.refuse(l.admin, "main", replaceID(query, "nope"), fault.NodeNotFound, "Unable to find the node nope / CoreProposedChange in the database.")
}

func TestCommentsAreCounted(t *testing.T) {
	l := newLab(t)
	l.branch("work")
	id := l.propose(l.admin, "work")
	total := func(want string) {
		t.Helper()
		l.want("main", `{ CoreProposedChange { edges { node { total_comments { value } } } } }`,
			`{"CoreProposedChange":{"edges":[{"node":{"total_comments":{"value":`+want+`}}}]}}`)
	}
	data := l.ask("main", `mutation { CoreChangeCommentCreate(data: {text: {value: "hm"}, change: {id: "`+id+`"}}) { object { id } } }`)
	comment := l.path(data, "CoreChangeCommentCreate.object.id")
	total("1")
	data = l.ask("main", `mutation { CoreChangeThreadCreate(data: {change: {id: "`+id+`"}}) { object { id } } }`)
	thread := l.path(data, "CoreChangeThreadCreate.object.id")
	l.ask("main", `mutation { CoreThreadCommentCreate(data: {text: {value: "well"}, thread: {id: "`+thread+`"}}) { ok } }`)
	total("2")
	l.ask("main", `mutation { CoreChangeCommentDelete(data: {id: "`+comment+`"}) { ok } }`)
	total("1")
}
