package store

import (
	"errors"
	"fmt"
	"time"
)

// Tx is a transaction on one branch. It is for the goroutine that runs the
// function given to Update, and of no use after its end. A call that returns an
// error has written nothing, and the transaction can go on.
type Tx struct {
	store  *Store
	writer writer
	branch *branch
	at     time.Time
	mark   mark
	ended  bool
}

// begin starts a transaction. The caller holds s.writing.
func (s *Store) begin(name, author string) (*Tx, error) {
	s.mu.RLock()
	b, err := s.find(name)
	merged := err == nil && b.Status == StatusMerged
	s.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	if merged {
		return nil, fmt.Errorf("%w: %q", ErrMerged, name)
	}
	tx := s.beginAt(b, func(uint32) uint32 { return b.current().layer })
	tx.locked(func(w *writer) { w.author = w.log.intern(author) })
	return tx, nil
}

// beginAt starts a transaction on a layer, which it learns with its commit.
func (s *Store) beginAt(b *branch, layer func(commit uint32) uint32) *Tx {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx := &Tx{store: s, branch: b, mark: s.log.mark()}
	at := s.tick()
	tx.at = fromMicro(at)
	commit := s.log.addCommit(at)
	tx.writer = writer{log: s.log, frame: s.log.frameOf(layer(commit), commit), commit: commit}
	return tx
}

// commit makes what was written visible. A transaction that wrote nothing leaves
// no trace.
func (tx *Tx) commit() {
	if len(tx.store.log.facts) > tx.mark.facts {
		tx.commitAnd(func() {})
	} else {
		tx.rollback()
	}
}

// commitAnd makes what was written visible together with a change of the branch.
func (tx *Tx) commitAnd(change func()) {
	tx.locked(func(*writer) {
		change()
		tx.store.committed = tx.writer.commit
		tx.ended = true
	})
}

// rollback takes back what was written, unless the transaction has ended.
func (tx *Tx) rollback() {
	if tx.ended {
		return
	}
	tx.locked(func(w *writer) {
		w.log.truncate(tx.mark)
		tx.ended = true
	})
}

// At returns the time that everything written gets.
func (tx *Tx) At() time.Time {
	return tx.at
}

// View returns the branch as it is at this moment of the transaction. Unlike
// other views it shows what the transaction writes, as it writes it. It must not
// be used once the transaction has failed.
func (tx *Tx) View() *View {
	return &View{store: tx.store, branch: tx.branch.Name, at: tx.at, frame: tx.writer.frame}
}

// CreateNode creates a node. The error is ErrNodeExists when the branch has a
// node of that id, or when a node of another kind ever had it on any branch.
func (tx *Tx) CreateNode(id, kind string, scope Scope) error {
	if id == "" || kind == "" {
		return errors.New("a node needs an id and a kind")
	}
	return tx.do(func(w *writer) error {
		k := w.log.intern(kind)
		n, ok := w.log.byID[id]
		if !ok {
			n = w.log.addNode(id, k)
			w.log.addSubject(subject{topic: existence, node: n})
		}
		if w.log.nodes[n].kind != k || w.log.exists(w.frame, n) {
			return fmt.Errorf("%w: %s %s", ErrNodeExists, w.log.names[w.log.nodes[n].kind], id)
		}
		w.write(w.log.nodes[n].existence, content{}, scope)
		return nil
	})
}

// DeleteNode removes a node with its attributes and edges. With an agnostic node
// goes all that any branch says of it. An agnostic attribute or edge of another
// node stays for the branches that still have the node. The error is ErrNoNode.
func (tx *Tx) DeleteNode(id string) error {
	return tx.do(func(w *writer) error {
		n, err := w.node(id)
		if err != nil {
			return err
		}
		w.deleteNode(n)
		return nil
	})
}

// SetAttribute sets an attribute of a node, replacing all that was known of it.
// The errors are ErrNoNode and ErrValue.
func (tx *Tx) SetAttribute(id string, a Attribute, scope Scope) error {
	if a.Name == "" {
		return errors.New("an attribute needs a name")
	}
	value, err := normal(a.Value)
	if err != nil {
		return fmt.Errorf("attribute %s of node %s: %w", a.Name, id, err)
	}
	return tx.do(func(w *writer) error {
		n, err := w.node(id)
		if err != nil {
			return err
		}
		c := w.properties(a.Properties)
		c.value = value
		if a.IsDefault {
			c.flags |= isDefault
		}
		if a.IsFromProfile {
			c.flags |= isFromProfile
		}
		w.setAttribute(n, w.log.intern(a.Name), c, scope)
		return nil
	})
}

// DeleteAttribute removes an attribute from a node, as when a schema no longer
// has it. An attribute that is not there is no error. The error is ErrNoNode.
func (tx *Tx) DeleteAttribute(id, name string) error {
	return tx.do(func(w *writer) error {
		n, err := w.node(id)
		if err != nil {
			return err
		}
		if s, ok := w.log.findAttribute(n, w.log.symbols[name]); ok {
			w.remove(s)
		}
		return nil
	})
}

// SetEdge joins a node, in a role, to a peer, or changes the properties of the
// edge that joins them already. Two nodes have at most one edge of an identifier
// and a direction. The error is ErrNoNode, for either node.
func (tx *Tx) SetEdge(id string, r Role, peer string, p Properties, scope Scope) error {
	if r.Identifier == "" {
		return errors.New("a relationship needs an identifier")
	}
	return tx.do(func(w *writer) error {
		n, err := w.node(id)
		if err != nil {
			return err
		}
		other, err := w.node(peer)
		if err != nil {
			return err
		}
		w.setEdge(w.edge(n, role{w.log.intern(r.Identifier), r.Side}, other), w.properties(p), scope)
		return nil
	})
}

// DeleteEdge parts a node from a peer. An edge that is not there is no error.
// The error is ErrNoNode, for the first node.
func (tx *Tx) DeleteEdge(id string, r Role, peer string) error {
	return tx.do(func(w *writer) error {
		n, err := w.node(id)
		if err != nil {
			return err
		}
		name, known := w.log.symbols[r.Identifier]
		other, ok := w.log.byID[peer]
		if !known || !ok {
			return nil
		}
		if s, ok := w.log.findEdge(n, role{name, r.Side}, other); ok {
			w.remove(s)
		}
		return nil
	})
}

// do runs one write of the caller.
func (tx *Tx) do(write func(*writer) error) error {
	if tx.ended {
		return ErrFinished
	}
	var err error
	tx.locked(func(w *writer) { err = write(w) })
	return err
}

// locked calls write while no view reads.
func (tx *Tx) locked(write func(*writer)) {
	tx.store.mu.Lock()
	defer tx.store.mu.Unlock()
	write(&tx.writer)
}
