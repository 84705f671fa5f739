package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// Selection says which columns of a kind's nodes are read: it writes the
// selection set of a query and turns the nodes of the answer into rows.
type Selection struct {
	kind     *schema.Kind
	metadata bool
	columns  []column
}

// column is one member of a row.
type column struct {
	name string
	// query is what has to be selected for it inside `node`, if anything.
	query piece
	// read takes the value out of a node of the answer.
	read func(n *node) json.RawMessage
}

// piece is a part of a selection set: fields inside a relationship or fragment,
// or on their own. Pieces with the same opening are written as one, because
// Infrahub reads only the first of several selections of a relationship.
type piece struct {
	open, end string
	fields    []string
}

// node is one edge of an answer.
type node struct {
	fields   map[string]json.RawMessage
	metadata map[string]json.RawMessage
}

// MaxPeers is how many nodes of a relationship with cardinality many a row
// shows; the row tells how many there are.
const MaxPeers = 20

// Masked stands for the value of a Password or HashedPassword attribute.
const Masked = "********"

// identity are the fields that every node of every kind has.
func identity() []string { return []string{"id", "kind", "display_label", "hfid"} }

// metadata are the fields that Infrahub keeps about every node.
func metadata() []string { return []string{"created_at", "created_by", "updated_at", "updated_by"} }

// Reader builds selections for one schema.
type Reader struct {
	Schema *schema.Schema
	// Reveal shows the values of secret attributes instead of masking them.
	Reveal bool
}

// Labels selects what tells nodes apart, and no more, so that a page is a short
// table: id and display_label, and the kind where k is a generic. A generic with
// a field of its own named kind has __typename in its place.
func (r Reader) Labels(k *schema.Kind) *Selection {
	s := &Selection{kind: k}
	s.columns = append(s.columns, identityColumn("id"))
	if k.Class == schema.Generic {
		c := identityColumn("kind")
		if k.Attribute(c.name) != nil || k.Relationship(c.name) != nil {
			c.name = "__typename"
		}
		s.columns = append(s.columns, c)
	}
	s.columns = append(s.columns, identityColumn("display_label"))
	return s
}

// Everything selects the labels, every attribute and every relationship of a
// kind, save those that Infrahub adds to each kind for its own use (groups and
// profiles).
func (r Reader) Everything(k *schema.Kind) *Selection {
	s := r.Labels(k)
	s.columns = append(s.columns, identityColumn("hfid"))
	for i := range k.Attributes {
		s.columns = append(s.columns, r.attribute(&k.Attributes[i], k.Attributes[i].Name))
	}
	for i := range k.Relationships {
		if rel := &k.Relationships[i]; rel.Kind != "Group" && rel.Kind != "Profile" && rel.Kind != "Template" {
			s.columns = append(s.columns, r.relationship(rel, rel.Name))
		}
	}
	return s
}

// Fields selects exactly the named fields, in that order: attributes,
// relationships, "relationship.attribute", identity (id, kind, display_label,
// hfid) and metadata (created_at, created_by, updated_at, updated_by). For a
// generic, fields of the kinds that implement it may be named too.
func (r Reader) Fields(k *schema.Kind, names []string) (*Selection, error) {
	s := &Selection{kind: k}
	var faults []error
	for _, name := range names {
		if slices.ContainsFunc(s.columns, func(c column) bool { return c.name == name }) {
			continue
		}
		c, err := r.field(k, name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if slices.Contains(metadata(), name) && k.Attribute(name) == nil {
			s.metadata = true
		}
		s.columns = append(s.columns, c)
	}
	if len(faults) > 0 {
		return nil, joined(faults)
	}
	return s, nil
}

// field finds what a name means. A kind's own attribute wins over the metadata
// of the same name.
func (r Reader) field(k *schema.Kind, name string) (column, error) {
	if a := k.Attribute(name); a != nil {
		return r.attribute(a, name), nil
	}
	if rel := k.Relationship(name); rel != nil {
		return r.relationship(rel, name), nil
	}
	if slices.Contains(identity(), name) {
		return identityColumn(name), nil
	}
	if slices.Contains(metadata(), name) {
		return metadataColumn(name), nil
	}
	if relationship, attribute, ok := strings.Cut(name, "."); ok {
		if rel := k.Relationship(relationship); rel != nil {
			return r.peerField(rel, attribute)
		}
		name = relationship
	} else if k.Class == schema.Generic {
		if c, ok := r.concrete(k, name); ok {
			return c, nil
		}
	}
	known := slices.Concat(attributeNames(k), relationshipNames(k), identity(), metadata())
	return column{}, problem.Unknown("field of "+k.Name, name, known,
		"Fields are attributes, relationships, relationship.attribute, and "+strings.Join(slices.Concat(identity(), metadata()), ", ")+
			fmt.Sprintf("; get_schema with kind %s lists them.", k.Name))
}

func identityColumn(name string) column {
	field := name
	if name == "kind" {
		field = "__typename"
	}
	return column{name: name, query: piece{fields: []string{field}}, read: func(n *node) json.RawMessage { return n.fields[field] }}
}

func metadataColumn(name string) column {
	return column{name: name, read: func(n *node) json.RawMessage {
		raw := n.metadata[name]
		if !strings.HasSuffix(name, "_by") {
			return raw
		}
		return identify(raw, ownHFID)
	}}
}

// attribute selects the value of an attribute. alias differs from its name
// where kinds that implement a generic have different fields of one name.
func (r Reader) attribute(a *schema.Attribute, alias string) column {
	return column{name: a.Name, query: piece{fields: []string{aliased(alias, a.Name) + " { value }"}}, read: func(n *node) json.RawMessage {
		return r.value(a, n.fields[alias])
	}}
}

func aliased(alias, name string) string {
	if alias == name {
		return name
	}
	return alias + ": " + name
}

// value takes the value out of an attribute of the answer, masked if secret.
func (r Reader) value(a *schema.Attribute, raw json.RawMessage) json.RawMessage {
	var attribute struct {
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(raw, &attribute) != nil || isNull(attribute.Value) {
		return null()
	}
	if a.Secret() && !r.Reveal {
		return json.RawMessage(`"` + Masked + `"`)
	}
	return attribute.Value
}

// relationship selects the identity of the related nodes.
func (r Reader) relationship(rel *schema.Relationship, alias string) column {
	if rel.Many() {
		h := r.peerHFID(rel.Peer)
		return many(rel, alias, append([]string{"id", "__typename", "display_label"}, h.fields...), func(raw json.RawMessage) json.RawMessage {
			return identify(raw, h.read)
		})
	}
	peer := append([]string{"id", "__typename", "display_label", "hfid"}, r.ownParts(rel.Peer)...)
	return column{name: rel.Name, query: inOne(rel, alias, peer), read: func(n *node) json.RawMessage {
		return identify(one(n.fields[alias]), ownHFID)
	}}
}

// inOne selects fields of the node of a relationship with cardinality one.
func inOne(rel *schema.Relationship, alias string, fields []string) piece {
	return piece{open: aliased(alias, rel.Name) + " { node {", fields: fields, end: "} }"}
}

// ownParts selects the attributes that a peer's human-friendly id is made of.
// Infrahub leaves them out of the hfid of a nested node that does not select
// them itself.
func (r Reader) ownParts(kind string) []string {
	peer := r.Schema.Lookup(kind)
	if peer == nil {
		return nil
	}
	var parts []string
	for _, part := range peer.HumanFriendlyID {
		if attribute, ok := strings.CutSuffix(part, "__value"); ok && peer.Attribute(attribute) != nil {
			parts = append(parts, fmt.Sprintf("hfid_%s: %s { value }", attribute, attribute))
		}
	}
	return parts
}

// peerField selects one attribute of the related nodes.
func (r Reader) peerField(rel *schema.Relationship, name string) (column, error) {
	peer, err := r.Schema.Kind(rel.Peer)
	if err != nil {
		return column{}, err
	}
	var c column
	switch {
	case peer.Attribute(name) != nil:
		c = r.attribute(peer.Attribute(name), name)
	case name == "hfid" && rel.Many():
		h := r.peerHFID(rel.Peer)
		c = column{name: name, query: piece{fields: h.fields}, read: h.read}
	case slices.Contains(identity(), name):
		c = identityColumn(name)
		if name == "hfid" {
			c.query.fields = append(c.query.fields, r.ownParts(rel.Peer)...)
		}
	default:
		return column{}, problem.Unknown("attribute of "+peer.Name+" (relationship "+rel.Name+")", name,
			slices.Concat(attributeNames(peer), identity()), "One level down only attributes can be read; for more use query_graphql.")
	}
	if rel.Many() {
		m := many(rel, rel.Name, c.query.fields, func(raw json.RawMessage) json.RawMessage { return c.read(fields(raw)) })
		m.name = rel.Name + "." + name
		return m, nil
	}
	return column{name: rel.Name + "." + name, query: inOne(rel, rel.Name, c.query.fields), read: func(n *node) json.RawMessage {
		peer := one(n.fields[rel.Name])
		if isNull(peer) {
			return null()
		}
		return c.read(fields(peer))
	}}, nil
}

// many selects the first peers of a relationship and their number.
func many(rel *schema.Relationship, alias string, peer []string, read func(json.RawMessage) json.RawMessage) column {
	query := piece{open: fmt.Sprintf("%s(limit: %d) { count edges { node {", aliased(alias, rel.Name), MaxPeers), fields: peer, end: "} } }"}
	return column{name: rel.Name, query: query, read: func(n *node) json.RawMessage {
		var answer struct {
			Count int    `json:"count"`
			Edges []edge `json:"edges"`
		}
		if json.Unmarshal(n.fields[alias], &answer) != nil {
			return null()
		}
		peers := make([]json.RawMessage, 0, len(answer.Edges))
		for _, e := range answer.Edges {
			peers = append(peers, read(e.Node))
		}
		var row Row
		row.AddValue("count", answer.Count)
		row.AddValue("nodes", peers)
		raw, _ := row.MarshalJSON()
		return raw
	}}
}

// concrete selects a field that only kinds implementing a generic have, under
// one name, whichever of them a node is.
func (r Reader) concrete(k *schema.Kind, name string) (column, bool) {
	c := column{name: name, query: piece{fields: []string{"__typename"}}}
	readers := map[string]func(*node) json.RawMessage{}
	for _, implementing := range r.Schema.Concrete(k) {
		var of column
		if a := implementing.Attribute(name); a != nil {
			of = r.attribute(a, implementing.Name+"__"+name)
		} else if rel := implementing.Relationship(name); rel != nil {
			of = r.relationship(rel, implementing.Name+"__"+name)
		} else {
			continue
		}
		inside := strings.Join(strings.Fields(of.query.open+" "+strings.Join(of.query.fields, " ")+" "+of.query.end), " ")
		c.query.fields = append(c.query.fields, "... on "+implementing.Name+" { "+inside+" }")
		readers[implementing.Name] = of.read
	}
	c.read = func(n *node) json.RawMessage {
		if read := readers[text(n.fields["__typename"])]; read != nil {
			return read(n)
		}
		return null()
	}
	return c, len(readers) > 0
}

// write writes the selection of one page: `edges { node { … } }`.
func (s *Selection) write(b *strings.Builder) {
	var pieces []piece
	for _, c := range s.columns {
		at := slices.IndexFunc(pieces, func(p piece) bool { return p.open == c.query.open })
		if at < 0 {
			at = len(pieces)
			pieces = append(pieces, piece{open: c.query.open, end: c.query.end})
		}
		for _, field := range c.query.fields {
			if !slices.Contains(pieces[at].fields, field) {
				pieces[at].fields = append(pieces[at].fields, field)
			}
		}
	}
	b.WriteString("edges { node {")
	empty := true
	for _, p := range pieces {
		for _, word := range slices.Concat([]string{p.open}, p.fields, []string{p.end}) {
			if word != "" {
				b.WriteByte(' ')
				b.WriteString(word)
				empty = false
			}
		}
	}
	if empty {
		b.WriteString(" id")
	}
	b.WriteString(" }")
	if s.metadata {
		b.WriteString(" node_metadata { created_at updated_at created_by { id __typename display_label } updated_by { id __typename display_label } }")
	}
	b.WriteString(" }")
}

// row turns one edge of an answer into a row.
func (s *Selection) row(e edge) Row {
	n := fields(e.Node)
	if s.metadata {
		n.metadata = fields(e.Metadata).fields
	}
	var row Row
	for _, c := range s.columns {
		row.Add(c.name, c.read(n))
	}
	return row
}

// edge is one member of `edges` in an answer.
type edge struct {
	Node     json.RawMessage `json:"node"`
	Metadata json.RawMessage `json:"node_metadata"`
}

func fields(raw json.RawMessage) *node {
	n := &node{}
	_ = json.Unmarshal(raw, &n.fields) // what is no object has no fields
	return n
}

// one takes the node out of a relationship with cardinality one.
func one(raw json.RawMessage) json.RawMessage {
	var e edge
	_ = json.Unmarshal(raw, &e) // what is no object has no node
	return e.Node
}

// ownHFID is the hfid as Infrahub answers it.
func ownHFID(n *node) json.RawMessage { return n.fields["hfid"] }

// identify writes who a related node is: id, kind, display_label and, where it
// has one, hfid.
func identify(raw json.RawMessage, hfid func(*node) json.RawMessage) json.RawMessage {
	if isNull(raw) {
		return null()
	}
	n := fields(raw)
	var row Row
	row.Add("id", n.fields["id"])
	row.Add("kind", n.fields["__typename"])
	row.Add("display_label", n.fields["display_label"])
	if id := hfid(n); !isNull(id) && string(id) != "[]" {
		row.Add("hfid", id)
	}
	identified, _ := row.MarshalJSON()
	return identified
}

func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // what is no text is empty
	return s
}

func isNull(raw json.RawMessage) bool {
	return len(raw) == 0 || string(raw) == "null"
}

func attributeNames(k *schema.Kind) []string {
	names := make([]string, len(k.Attributes))
	for i := range k.Attributes {
		names[i] = k.Attributes[i].Name
	}
	return names
}

func relationshipNames(k *schema.Kind) []string {
	names := make([]string, len(k.Relationships))
	for i := range k.Relationships {
		names[i] = k.Relationships[i].Name
	}
	return names
}

// joined makes one Problem of several faults.
func joined(faults []error) error {
	if len(faults) == 1 {
		return faults[0]
	}
	texts := make([]string, len(faults))
	for i, fault := range faults {
		texts[i] = fault.Error()
	}
	return problem.New(strings.Join(texts, " "), "")
}
