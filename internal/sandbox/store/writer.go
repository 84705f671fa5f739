package store

import (
	"fmt"
	"slices"
)

// writer adds the facts of one commit to a log. Transactions, merges and
// rebases all write through it. It does no locking.
type writer struct {
	log    *log
	frame  frame // sees the commit
	commit uint32
	author symbol
}

// write adds a fact without asking whether it says anything new.
func (w *writer) write(subject uint32, c content, scope Scope) {
	f := fact{content: c, subject: subject, author: w.author, commit: w.commit, layer: w.frame.layer}
	switch scope {
	case Agnostic:
		f.layer = agnosticLayer
	case Local:
		f.flags |= local
	}
	w.log.addFact(f)
}

// set adds a fact if it says anything new, and reports whether it does.
func (w *writer) set(subject uint32, c content, scope Scope) bool {
	if f := w.log.live(w.frame, subject); f != nil && same(f, &fact{content: c}) && f.scope() == scope {
		return false
	}
	w.write(subject, c, scope)
	return true
}

// remove adds a removal if there is anything to remove.
func (w *writer) remove(subject uint32) {
	f := w.log.live(w.frame, subject)
	if f == nil {
		return
	}
	w.write(subject, content{flags: removed}, f.scope())
	switch s := w.log.subjects[subject]; s.topic {
	case directed, undirected:
		w.touch(s.peer, f.scope())
		fallthrough
	case attribute:
		w.touch(s.node, f.scope())
	}
}

func (w *writer) deleteNode(n uint32) {
	node := w.log.nodes[n]
	scope := w.log.live(w.frame, node.existence).scope()
	parts := slices.Clone(node.attributes)
	for _, e := range node.ends {
		parts = append(parts, e.edges...)
	}
	for _, s := range parts {
		f := w.log.live(w.frame, s)
		switch {
		case scope == Agnostic:
			w.remove(s)
			// What another branch says of this node would come back there with
			// a new node of the same id.
			w.write(s, content{flags: removed}, Agnostic)
		case f != nil && f.scope() != Agnostic:
			w.remove(s)
		}
	}
	w.remove(node.existence)
}

func (w *writer) setAttribute(n uint32, name symbol, c content, scope Scope) {
	s, ok := w.log.findAttribute(n, name)
	if !ok {
		s = w.log.addSubject(subject{topic: attribute, node: n, name: name})
	}
	if w.set(s, c, scope) {
		w.touch(n, scope)
	}
}

// edge finds or adds the subject of an edge.
func (w *writer) edge(n uint32, r role, peer uint32) uint32 {
	if s, ok := w.log.findEdge(n, r, peer); ok {
		return s
	}
	switch r.side {
	case Outbound:
		return w.log.addSubject(subject{topic: directed, node: n, peer: peer, name: r.name})
	case Inbound:
		return w.log.addSubject(subject{topic: directed, node: peer, peer: n, name: r.name})
	default:
		return w.log.addSubject(subject{topic: undirected, node: n, peer: peer, name: r.name})
	}
}

func (w *writer) setEdge(s uint32, c content, scope Scope) {
	e := w.log.subjects[s]
	// An edge that comes with a new node is no change of the other one.
	quiet := w.created(e.node) || w.created(e.peer)
	if w.set(s, c, scope) && !quiet {
		w.touch(e.node, scope)
		w.touch(e.peer, scope)
	}
}

// touch notes that a node was changed.
func (w *writer) touch(n uint32, scope Scope) {
	if w.created(n) {
		return
	}
	s := w.log.nodes[n].touch
	if s == 0 {
		s = w.log.addSubject(subject{topic: touch, node: n})
	}
	if f := w.log.visible(w.frame, s); f != nil && f.commit == w.commit && f.author == w.author && f.scope() == scope {
		return
	}
	w.write(s, content{}, scope)
}

// created reports whether the node was created in this commit.
func (w *writer) created(n uint32) bool {
	f := w.log.live(w.frame, w.log.nodes[n].existence)
	return f != nil && f.commit == w.commit
}

func (w *writer) node(id string) (uint32, error) {
	n, ok := w.log.node(w.frame, id)
	if !ok {
		return 0, fmt.Errorf("%w: %s", ErrNoNode, id)
	}
	return n, nil
}

func (w *writer) properties(p Properties) content {
	c := content{source: w.log.intern(p.Source), owner: w.log.intern(p.Owner)}
	if p.IsProtected {
		c.flags |= isProtected
	}
	return c
}

// scope is the scope that a fact was written with.
func (f *fact) scope() Scope {
	switch {
	case f.layer == agnosticLayer:
		return Agnostic
	case f.flags&local != 0:
		return Local
	default:
		return Aware
	}
}

// same reports whether two facts say the same of their subject. Nil, like a
// removal, says that there is nothing.
func same(a, b *fact) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.flags&^local == b.flags&^local && a.source == b.source && a.owner == b.owner && equal(a.value, b.value)
}
