// Package activity remembers what happened on a sandbox: the tasks that its
// server ran and the events that its changes caused.
//
// Both are kept in memory, newest first, as many as asked for. They are not
// part of the data: a snapshot does not hold them, and time travel does not
// reach them.
package activity

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"infrahub-mcp/internal/sandbox/nodes"
)

// Log holds the newest tasks and events. It is safe for concurrent use.
type Log struct {
	options Options
	base    *nodes.Base

	mu     sync.RWMutex
	tasks  ring[*Task]
	events ring[*Event]
}

// Options says how a Log is set up. What is zero gets its default.
type Options struct {
	// Version is the version of Infrahub that the sandbox passes for.
	Version string
	// DeploymentID identifies the sandbox; a random UUID when empty.
	DeploymentID string
	// Tasks and Events are the numbers of tasks and events that are kept: 1,000
	// and 5,000.
	Tasks, Events int
	// Clock tells the time; time.Now when nil.
	Clock func() time.Time
}

// The defaults of Options.
const (
	keptTasks  = 1_000
	keptEvents = 5_000
)

// New returns an empty Log for the nodes of a base.
func New(base *nodes.Base, o Options) *Log {
	if o.DeploymentID == "" {
		o.DeploymentID = uuid.NewString()
	}
	if o.Tasks == 0 {
		o.Tasks = keptTasks
	}
	if o.Events == 0 {
		o.Events = keptEvents
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Log{options: o, base: base, tasks: newRing[*Task](o.Tasks), events: newRing[*Event](o.Events)}
}

// Version is the version of Infrahub that the sandbox passes for.
func (l *Log) Version() string { return l.options.Version }

// DeploymentID identifies the sandbox.
func (l *Log) DeploymentID() string { return l.options.DeploymentID }

// Node names a node in a task or an event.
type Node struct {
	ID, Kind string
}

func (n Node) record() map[string]any { return map[string]any{"id": n.ID, "kind": n.Kind} }

// records writes a list of nodes: empty rather than null.
func records(nodes []Node) []any {
	list := make([]any, len(nodes))
	for i, n := range nodes {
		list[i] = n.record()
	}
	return list
}

// optional is a text, or null where there is none.
func optional(text string) any {
	if text == "" {
		return nil
	}
	return text
}
