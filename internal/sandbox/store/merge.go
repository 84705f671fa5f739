package store

import "time"

// MergeOptions says how to merge or rebase.
type MergeOptions struct {
	// Cardinalities are needed for conflicts to be found in relationships.
	Cardinalities Cardinalities
	// Resolutions settle conflicts. Those of places without a conflict, and of
	// conflicts that cannot be resolved, have no effect.
	Resolutions map[Place]Resolution
}

// Merge writes what a branch changed to the default branch, all of it at the
// time returned or, when anything is in the way, nothing. The changes keep their
// authors, as in Infrahub. The status of the branch becomes StatusMerged, and it
// goes on showing what it showed. What others changed on the default branch in
// the meantime stays, property by property. The errors are ErrNoBranch,
// ErrDefaultBranch, ErrMerged and *ConflictError.
func (s *Store) Merge(name string, options MergeOptions) (time.Time, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	b, r, err := s.settle(name, options)
	if err != nil {
		return time.Time{}, err
	}
	tx := s.beginAt(s.branches[0], func(uint32) uint32 { return defaultLayer })
	defer tx.rollback()
	r.run(tx, shared(r.deltas()))
	tx.commitAnd(func() { b.Status = StatusMerged })
	return tx.at, nil
}

// Rebase makes a branch start from the default branch as it is now, with its own
// changes on top. BranchedFrom and the times of the changes become the time
// returned, as in Infrahub; the authors stay. The branch at earlier times is
// still what it was then. The errors are ErrNoBranch, ErrDefaultBranch,
// ErrMerged and *ConflictError, after which nothing has changed.
func (s *Store) Rebase(name string, options MergeOptions) (time.Time, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	b, r, err := s.settle(name, options)
	if err != nil {
		return time.Time{}, err
	}
	// The new layer starts from what was there before the commit that fills it.
	tx := s.beginAt(b, func(commit uint32) uint32 { return s.log.addLayer(commit - 1) })
	defer tx.rollback()
	r.run(tx, r.deltas())
	tx.commitAnd(func() {
		b.spans = append(b.spans, span{start: tx.writer.commit, layer: tx.writer.frame.layer})
		b.BranchedFrom = tx.at
	})
	return tx.at, nil
}

// settle finds the conflicts of a branch and settles them. The caller holds
// s.writing, so the log stays as it is and reading it needs no lock.
func (s *Store) settle(name string, options MergeOptions) (*branch, *replay, error) {
	s.mu.RLock()
	b, err := s.findOpen(name)
	s.mu.RUnlock()
	if err != nil {
		return nil, nil, err
	}
	r := &replay{
		divergence: s.log.divergence(b, s.committed, options.Cardinalities),
		settled:    map[Place]Resolution{},
	}
	var open []Conflict
	for _, c := range r.conflicts() {
		choice := options.Resolutions[c.Place]
		if c.Resolvable && (choice == KeepDefault || choice == KeepBranch) {
			r.settled[c.Place] = choice
		} else {
			open = append(open, c)
		}
	}
	if len(open) > 0 {
		return nil, nil, &ConflictError{Branch: b.Name, Conflicts: open}
	}
	return b, r, nil
}

// replay writes what a branch changed on top of the default branch as it is,
// to whatever layer the transaction writes to.
type replay struct {
	*divergence
	settled map[Place]Resolution // the conflicts
}

func (r *replay) deltas() []delta {
	return r.log.deltas(r.base, r.branch)
}

// run writes nodes first, for attributes and edges need them.
func (r *replay) run(tx *Tx, deltas []delta) {
	for _, pass := range []struct {
		write func(*writer, *delta)
		of    func(topic) bool
	}{
		{r.node, func(t topic) bool { return t == existence }},
		{r.attribute, func(t topic) bool { return t == attribute }},
		{r.edge, func(t topic) bool { return t == directed || t == undirected }},
	} {
		for i := range deltas {
			if x := &deltas[i]; pass.of(r.log.subjects[x.subject].topic) {
				tx.locked(func(w *writer) {
					w.author = x.last.author
					pass.write(w, x)
				})
			}
		}
	}
}

func (r *replay) node(w *writer, x *delta) {
	n := r.log.subjects[x.subject].node
	switch exists := r.log.exists(w.frame, n); {
	case x.new == nil && exists:
		w.deleteNode(n)
	case x.new != nil && !exists:
		w.write(x.subject, content{}, x.new.scope())
	}
}

func (r *replay) attribute(w *writer, x *delta) {
	s := r.log.subjects[x.subject]
	if !r.log.exists(w.frame, s.node) {
		return
	}
	if c, ok := r.combine(w, x); ok {
		w.setAttribute(s.node, s.name, c, x.new.scope())
	}
}

func (r *replay) edge(w *writer, x *delta) {
	s := r.log.subjects[x.subject]
	if !r.log.exists(w.frame, s.node) || !r.log.exists(w.frame, s.peer) {
		return
	}
	source, target := s.ends()
	ends := []nodeRole{source, target}
	for _, e := range ends {
		if r.settled[r.rolePlace(e)] == KeepDefault {
			return
		}
	}
	c, ok := r.combine(w, x)
	comes := ok && r.log.live(w.frame, x.subject) == nil
	for _, e := range ends {
		if r.settled[r.rolePlace(e)] == KeepBranch || comes && r.cardinality(e) == One {
			r.displace(w, e)
		}
	}
	if ok {
		w.setEdge(x.subject, c, x.new.scope())
	}
}

// displace removes the edges of a role that the branch does not have.
func (r *replay) displace(w *writer, e nodeRole) {
	for _, s := range r.log.edges(e.node, e.role) {
		if r.log.shown(r.branch, s) == nil {
			w.remove(s)
		}
	}
}

// rolePlace is the place of a conflict about the peer in a role.
func (r *replay) rolePlace(e nodeRole) Place {
	return Place{Node: r.log.nodes[e.node].id, Role: r.log.describeRole(e.role), Property: PropertyRelated}
}

// combine returns what an attribute or edge is to be: as it is where the writer
// writes, but for the properties that the branch changed and that no resolution
// withholds. It returns false when there is nothing to write, after removing what
// the branch removed.
func (r *replay) combine(w *writer, x *delta) (content, bool) {
	s := &r.log.subjects[x.subject]
	properties := s.properties()
	withheld := func(p Property) bool { return r.settled[r.place(s, p)] == KeepDefault }
	if x.new == nil {
		if !withheld(properties[0]) {
			w.remove(x.subject)
		}
		return content{}, false
	}
	now := r.log.live(w.frame, x.subject)
	if now == nil {
		c := x.new.content
		c.flags &^= local
		return c, !withheld(properties[0])
	}
	c := now.content
	c.flags &^= local
	for _, p := range x.changed(properties) {
		if !withheld(p) {
			copyProperty(p, &c, x.new)
		}
	}
	return c, true
}
