package activity

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// Event is something that happened.
type Event struct {
	// ID is a UUID; Log.Event makes one when it is empty.
	ID string
	// Name is of the form infrahub.node.created.
	Name string
	// Type is the object type that GraphQL shows it as; StandardEvent when empty.
	Type string
	// Branch is the branch that the event is about, empty for all.
	Branch string
	// Account is the id of the account that caused it.
	Account string
	// At is the time the Log was given the event when zero.
	At time.Time
	// Parent is the id of the event that led to this one, if any. Level is 0 for
	// an event without a parent, and HasChildren announces that there may be some.
	Parent      string
	Level       int
	HasChildren bool
	// Primary is the node that the event is about, nil for none; Related are
	// others.
	Primary *Node
	Related []Node
	// Data is the member of that name of the payload.
	Data map[string]any
	// Own are the fields that the type has beyond those of all events.
	Own map[string]any

	// change is set for events of nodes; Data and Own come from it.
	change *change
}

// Event records an event and returns its id.
func (l *Log) Event(e Event) (id string) {
	if e.ID == "" {
		e.ID = uuid.NewString()
	}
	if e.Type == "" {
		e.Type = "StandardEvent"
	}
	if e.At.IsZero() {
		e.At = l.options.Clock()
	}
	e.At = e.At.UTC()

	l.mu.Lock()
	defer l.mu.Unlock()
	l.events.push(&e)
	return e.ID
}

// Login tells of an account that opened a session.
type Login struct {
	Account Node
	Name    string
	// Type is that of the account: User, Script, …
	Type string
	// Method says how it showed who it is: "password" when empty.
	Method string
	// Session is the id of the session.
	Session string
	// Groups and Roles are the names of its groups and of their roles, and Related
	// these nodes.
	Groups, Roles []string
	Related       []Node
}

// LoggedIn records that an account opened a session.
func (l *Log) LoggedIn(login Login) {
	if login.Method == "" {
		login.Method = "password"
	}
	l.Event(Event{
		Name: "infrahub.account.logged_in", Type: "AccountLoggedInEventType", Branch: l.defaultBranch(),
		Account: login.Account.ID, Primary: &login.Account, Related: login.Related,
		Own: map[string]any{
			"kind": login.Account.Kind, "account_name": login.Name, "account_type": login.Type,
			"auth_method": login.Method, "session_id": login.Session, "groups": texts(login.Groups),
			"roles": texts(login.Roles), "identity_source": nil, "client_ip": nil, "user_agent": nil,
			"timestamp": l.options.Clock().UTC().Format(store.TimeLayout),
		},
	})
}

// BranchCreated records that an account made a branch.
func (l *Log) BranchCreated(b store.Branch, account string) {
	l.Event(Event{
		Name: "infrahub.branch.created", Type: "BranchCreatedEvent", Account: account,
		Data: withGit(b), Own: map[string]any{"created_branch": b.Name},
	})
}

// BranchDeleted records that an account deleted a branch.
func (l *Log) BranchDeleted(b store.Branch, account string) {
	l.Event(Event{
		Name: "infrahub.branch.deleted", Type: "BranchDeletedEvent", Account: account,
		Data: withGit(b),
		Own:  map[string]any{"deleted_branch": b.Name, "proposed_change_id": nil},
	})
}

// BranchRebased records that an account rebased a branch.
func (l *Log) BranchRebased(b store.Branch, account string) {
	l.Event(Event{
		Name: "infrahub.branch.rebased", Type: "BranchRebasedEvent", Branch: l.defaultBranch(), Account: account,
		Data: branchData(b), Own: map[string]any{"rebased_branch": b.Name},
	})
}

// BranchMerged records that an account merged a branch into the default branch,
// by a proposed change unless that is nil.
func (l *Log) BranchMerged(b store.Branch, account string, proposedChange *Node) (id string) {
	return l.Event(Event{
		Name: "infrahub.branch.merged", Type: "BranchMergedEvent", Account: account, HasChildren: true,
		Primary: proposedChange, Data: branchData(b), Own: map[string]any{"source_branch": b.Name},
	})
}

// SchemaUpdated records that an account changed the schema of a branch. The
// kinds are those that came and went.
func (l *Log) SchemaUpdated(branch, account, hash string, added, removed []string) {
	l.Event(Event{
		Name: "infrahub.schema.updated", Branch: branch, Account: account,
		Data: map[string]any{
			"branch_name": branch, "schema_hash": hash,
			"changed_elements": map[string]any{"added_kinds": texts(added), "removed_kinds": texts(removed), "changed_fields": map[string]any{}},
		},
	})
}

// branchData is what a payload tells of a branch.
func branchData(b store.Branch) map[string]any {
	return map[string]any{"branch_name": b.Name, "branch_id": b.ID}
}

func withGit(b store.Branch) map[string]any {
	data := branchData(b)
	data["sync_with_git"] = b.SyncWithGit
	return data
}

// texts is a list that is empty rather than null.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (l *Log) defaultBranch() string {
	for _, b := range l.base.Store.Branches() {
		if b.IsDefault {
			return b.Name
		}
	}
	return ""
}

// record is the event as GraphQL shows it.
func (e *Event) record(base *nodes.Base) map[string]any {
	record := map[string]any{
		"__typename":    e.Type,
		"id":            e.ID,
		"event":         e.Name,
		"branch":        optional(e.Branch),
		"account_id":    optional(e.Account),
		"occurred_at":   e.At.Format(store.TimeLayout),
		"level":         e.Level,
		"has_children":  e.HasChildren,
		"parent_id":     optional(e.Parent),
		"primary_node":  nil,
		"related_nodes": records(e.Related),
	}
	if e.Primary != nil {
		record["primary_node"] = e.Primary.record()
	}
	own, data := e.Own, e.Data
	if e.change != nil {
		own, data = e.change.own(), e.change.data()
	}
	maps.Copy(record, own)
	record["payload"] = map[string]any{"data": data, "context": e.context(base)}
	return record
}

// allBranches is the branch that Infrahub names where something is about none in
// particular.
const allBranches = "-global-"

// context is that part of the payload which tells of the request.
func (e *Event) context(base *nodes.Base) map[string]any {
	branch := map[string]any{"name": allBranches, "id": nil}
	if described, err := base.Store.Branch(e.Branch); err == nil {
		branch = map[string]any{"name": described.Name, "id": described.ID}
	}
	return map[string]any{"branch": branch, "account_id": optional(e.Account), "priority": nil, "parent_event": nil}
}
