package toon

// name writes the name of the member m of the object at parent, or the dotted
// key of the chain of objects with one member each that begins there (version
// 3.3, §13.4). It returns the member whose value belongs to what was written,
// and how many names a key below it may join: none if the chain was too long
// or must not be joined.
func (e *encoder) name(parent, m, fold int) (last, below int) {
	last = m
	for e.single(last) && last-m+1 < fold {
		last++ // the only member follows its object
	}
	switch {
	case last == m:
		e.dst = appendKey(e.dst, e.doc[m].key)
		return m, fold
	case !e.foldable(parent, m, last):
		e.dst = appendKey(e.dst, e.doc[m].key)
		return m, 0
	case e.single(last):
		fold = 0
	}
	e.dst = appendPath(e.dst, e.doc[m:last+1])
	return last, fold
}

// single reports whether the node is an object with one member.
func (e *encoder) single(at int) bool {
	return e.doc[at].kind == object && e.doc[at].count == 1
}

// foldable reports whether the names of a chain may be joined: none holds a dot
// or needs quotes, and no sibling has the joined name.
func (e *encoder) foldable(parent, m, last int) bool {
	chain := e.doc[m : last+1]
	for i := range chain {
		if !isIdentifier(chain[i].key, false) {
			return false
		}
	}
	path := string(appendPath(nil, chain))
	for sibling := range e.doc.children(parent) {
		if e.doc[sibling].key == path {
			return false
		}
	}
	return true
}

// appendPath appends the names of a chain, joined by dots.
func appendPath(dst []byte, chain document) []byte {
	for i := range chain {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = append(dst, chain[i].key...)
	}
	return dst
}
