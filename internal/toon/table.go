package toon

// A table is what §9.3 and §9.5 make of objects that are alike: their names
// once, then a row of values for each. Where members are objects that are
// alike again, their names form a group and their values join the row.

// keyed reports whether the object takes the form of a table whose rows begin
// with their key (§9.5).
func (e *encoder) keyed(at int) bool {
	return e.options.Version >= 4 && e.doc[at].count > 1 && e.uniform(at)
}

// uniform reports whether the children of a container that is not empty are
// alike (§9.3).
func (e *encoder) uniform(at int) bool {
	for row := range e.doc.children(at) {
		// The first is compared with itself: it must fit a table too.
		if !e.alike(at+1, row) {
			return false
		}
	}
	return true
}

// alike reports whether two values are objects with members of the same names,
// at least one, each primitive in both or alike in both.
func (e *encoder) alike(first, other int) bool {
	a, b := &e.doc[first], &e.doc[other]
	if a.kind != object || b.kind != object || a.count == 0 || a.count != b.count {
		return false
	}
	for i, j := range e.doc.pairs(first, other) {
		switch {
		case j < 0:
			return false
		case e.doc[i].kind.primitive() && e.doc[j].kind.primitive():
		case e.options.Version < 4 || !e.alike(i, j):
			return false
		}
	}
	return true
}

// keyedTable writes an object as a table, its header onto the current line.
func (e *encoder) keyedTable(at, depth int) {
	e.header(at, ":")
	e.fields(at + 1)
	e.write(":")
	for row := range e.doc.children(at) {
		e.line(depth + 1)
		e.dst = appendKey(e.dst, e.doc[row].key)
		e.write(": ")
		e.row(at+1, row)
	}
}

// fields writes the names of the members of an object in braces, those of
// nested objects behind their own (§6).
func (e *encoder) fields(at int) {
	e.write("{")
	for m := range e.doc.children(at) {
		if m > at+1 {
			e.dst = append(e.dst, e.options.Delimiter)
		}
		e.dst = appendKey(e.dst, e.doc[m].key)
		if e.doc[m].kind == object {
			e.fields(m)
		}
	}
	e.write("}")
}

// row writes the values of an object in the order of the first one of its
// table, or those of an array in their own.
func (e *encoder) row(first, at int) {
	e.cells(first, at)
	e.dst = e.dst[:len(e.dst)-1]
}

// cells writes values, each with a delimiter after it.
func (e *encoder) cells(first, at int) {
	for i, j := range e.doc.pairs(first, at) {
		if e.doc[j].kind == object {
			e.cells(i, j)
			continue
		}
		e.primitive(j)
		e.dst = append(e.dst, e.options.Delimiter)
	}
}
