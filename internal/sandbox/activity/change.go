package activity

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// Commit records what a transaction did to nodes: one event for each, and one
// more for each group that got or lost members. It is an observer of a
// nodes.Base.
//
// That a node was joined to another one, or parted from it, shows on both. The
// event of the other one is a child of that of the node that was written.
func (l *Log) Commit(c nodes.Commit) {
	m, err := l.base.Model(c.Branch)
	if err != nil {
		return // the branch is gone, and with it who would ask
	}
	after, before := l.view(c.Branch, c.At), l.view(c.Branch, c.At.Add(-time.Microsecond))
	parents := parentsOf(c.Changes)
	events := make([]Event, len(c.Changes))
	var groups []Event
	for i, done := range c.Changes {
		told := newChange(m, done, identityIn(before, done.Node), identityIn(after, done.Node))
		events[i] = Event{
			ID: uuid.NewString(), Name: "infrahub.node." + string(done.Action), Type: "NodeMutatedEvent",
			Branch: c.Branch, Account: c.Account, At: c.At,
			Primary: &Node{done.Node, done.Kind}, Related: told.peers(),
			change: told,
		}
		if parent := parents[i]; parent >= 0 {
			events[i].Parent, events[i].Level = events[parent].ID, 1
			events[parent].HasChildren = true
		}
		if kind := m.Kind(done.Kind); kind != nil && m.Implements(kind, "CoreGroup") {
			of := membership(events[i], done)
			events[i].HasChildren = events[i].HasChildren || len(of) > 0
			groups = append(groups, of...)
		}
	}
	for _, e := range slices.Concat(events, groups) {
		l.Event(e)
	}
}

// parentsOf finds for each change the one that it comes from, -1 for none: the
// first one, before it, of the only node that it joins to or parts from.
func parentsOf(changes []nodes.Change) []int {
	parents := make([]int, len(changes))
	at := map[string]int{}
	for i, c := range changes {
		parents[i] = -1
		if _, known := at[c.Node]; !known {
			at[c.Node] = i
		}
		if c.Action != nodes.Updated || len(c.Attributes) > 0 || len(c.Relationships) == 0 {
			continue
		}
		peer := c.Relationships[0].Peer
		others := slices.ContainsFunc(c.Relationships, func(r nodes.RelationshipChange) bool { return r.Peer != peer })
		if parent, known := at[peer]; known && !others && parents[parent] < 0 {
			parents[i] = parent
		}
	}
	return parents
}

// membership are the events of a group that got or lost members.
func membership(of Event, c nodes.Change) []Event {
	var events []Event
	for _, action := range []string{"added", "removed"} {
		var members []Node
		for _, r := range c.Relationships {
			if r.Name == "members" && r.Action == action {
				members = append(members, Node{r.Peer, r.PeerKind})
			}
		}
		if len(members) == 0 {
			continue
		}
		events = append(events, Event{
			Name: "infrahub.group.member_" + action, Type: "GroupEvent",
			Branch: of.Branch, Account: of.Account, At: of.At, Parent: of.ID, Level: of.Level + 1,
			Primary: of.Primary, Related: members,
			Own: map[string]any{"members": records(members), "ancestors": []any{}},
		})
	}
	return events
}

// view reads a branch at a time, nil where there was none.
func (l *Log) view(branch string, at time.Time) *nodes.Graph {
	graph, err := l.base.Read(branch, at)
	if err != nil {
		return nil
	}
	return graph
}

// change is what happened to one node, with the values as events print them.
type change struct {
	nodes.Change
	attributes []attributeChange
}

type attributeChange struct {
	name, kind      string
	value, previous any // nil, or a text
	action          string
}

// identity is what Infrahub keeps of a node as if they were attributes.
type identity struct {
	label any // nil for none
	hfid  any
}

func identityIn(g *nodes.Graph, id string) identity {
	if g == nil {
		return identity{}
	}
	n := g.Node(id)
	if n == nil {
		return identity{}
	}
	result := identity{label: n.Label()}
	if parts := n.HFID(); parts != nil {
		list := make([]any, len(parts))
		for i, part := range parts {
			list[i] = part
		}
		result.hfid = list
	}
	return result
}

func newChange(m *model.Model, done nodes.Change, before, after identity) *change {
	c := &change{Change: done}
	kind := m.Kind(done.Kind)
	add := func(name, kindOf string, previous, value any, enum bool) {
		c.attributes = append(c.attributes, attributeChange{
			name: name, kind: kindOf,
			value: c.printed(name, value, enum), previous: c.printed(name, previous, false),
			action: actionOf(previous, value),
		})
	}
	// Infrahub tells of what it derives from the others too, and of an unchanged
	// one only where a node is new.
	known := func(name string) bool {
		return slices.ContainsFunc(done.Attributes, func(a nodes.AttributeChange) bool { return a.Name == name })
	}
	if !known("human_friendly_id") && (done.Action == nodes.Created || printedJSON(before.hfid) != printedJSON(after.hfid)) {
		add("human_friendly_id", "List", before.hfid, after.hfid, false)
	}
	if !known("display_label") && (done.Action == nodes.Created || before.label != after.label) {
		add("display_label", "Text", before.label, after.label, false)
	}
	for _, a := range done.Attributes {
		value, previous := a.Value, a.Previous
		if a.Secret {
			value, previous = masked(value), masked(previous)
		}
		enum := false
		if kind != nil {
			if schema := kind.Attribute(a.Name); schema != nil {
				enum = len(schema.Enum) > 0 && schema.Kind == "Text"
			}
		}
		add(a.Name, a.Kind, previous, value, enum)
	}
	return c
}

// masked stands for a secret.
func masked(value any) any {
	if value == nil {
		return nil
	}
	return "***"
}

func actionOf(previous, value any) string {
	switch {
	case previous == nil && value == nil:
		return "UNCHANGED"
	case previous == nil:
		return "ADDED"
	case value == nil:
		return "REMOVED"
	default:
		return "UPDATED"
	}
}

// printed writes a value as an event does: what is new as Python prints what it
// was given, what has been read as it is stored.
func (c *change) printed(name string, value any, enum bool) any {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		if enum && c.Action == nodes.Created {
			return enumMember(name, v)
		}
		return v
	case []any, map[string]any:
		if c.Action == nodes.Created {
			return python(v)
		}
		return printedJSON(v)
	default:
		return python(v)
	}
}

// enumMember is the value of an enum as Python prints it: "StateEnum.OPEN".
func enumMember(attribute, value string) string {
	words := strings.Split(attribute, "_")
	for i, word := range words {
		if word != "" {
			words[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(words, "_") + "Enum." + strings.ToUpper(strings.ReplaceAll(value, "-", "_"))
}

func printedJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// peers are the nodes that the node was joined to or parted from.
func (c *change) peers() []Node {
	var peers []Node
	for _, r := range c.Relationships {
		peers = append(peers, Node{r.Peer, r.PeerKind})
	}
	return peers
}

// own are the fields of the type NodeMutatedEvent.
func (c *change) own() map[string]any {
	attributes := make([]any, len(c.attributes))
	for i, a := range c.attributes {
		attributes[i] = map[string]any{
			"name": a.name, "kind": a.kind, "value": a.value, "value_previous": a.previous, "action": a.action,
		}
	}
	relationships := make([]any, len(c.Relationships))
	for i, r := range c.Relationships {
		relationships[i] = map[string]any{
			"name": r.Name, "action": strings.ToUpper(r.Action), "peer": Node{r.Peer, r.PeerKind}.record(),
		}
	}
	return map[string]any{"attributes": attributes, "relationships": relationships}
}

// data is what the payload tells: the same once more, by name.
func (c *change) data() map[string]any {
	fields := []string{}
	attributes := exec.NewObject()
	for _, a := range c.attributes {
		fields = append(fields, a.name)
		attributes.Set(a.name, exec.NewObject(
			"name", a.name, "value", a.value, "value_previous", a.previous,
			"properties", exec.NewObject(), "kind", a.kind, "value_update_status", strings.ToLower(a.action),
		))
	}
	relationships := exec.NewObject()
	for _, r := range c.Relationships {
		peer := exec.NewObject("peer_id", r.Peer, "peer_kind", r.PeerKind, "peer_status", strings.ToLower(r.Action), "properties", exec.NewObject())
		if known, ok := relationships.Get(r.Name).(*exec.Object); ok {
			peers, _ := known.Get("peers").([]any)
			known.Set("peers", append(peers, peer))
			continue
		}
		fields = append(fields, r.Name)
		relationships.Set(r.Name, exec.NewObject("name", r.Name, "peers", []any{peer}))
	}
	return map[string]any{
		"kind": c.Kind, "node_id": c.Node, "action": string(c.Action), "fields": fields,
		"changelog": exec.NewObject(
			"node_id", c.Node, "node_kind", c.Kind, "display_label", c.Label,
			"attributes", attributes, "relationships", relationships,
		),
	}
}
