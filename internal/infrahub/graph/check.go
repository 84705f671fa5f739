package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// CheckError holds the faults of all items of one call.
type CheckError struct {
	Kind *schema.Kind
	// Items has an entry for each item, empty when there is nothing wrong with
	// it.
	Items [][]*problem.Problem
}

// Bounds of what is said about faults.
const (
	maxProblems     = 30 // of one item
	maxFaultyListed = 20 // items in CheckError.Error
)

func (e *CheckError) any() bool {
	return slices.ContainsFunc(e.Items, func(p []*problem.Problem) bool { return len(p) > 0 })
}

// Error lists the problems, by item when there are several.
func (e *CheckError) Error() string {
	if len(e.Items) == 1 {
		return "Nothing was written. " + sentences(e.Items[0])
	}
	var b strings.Builder
	b.WriteString("Nothing was written.")
	listed, more := 0, 0
	for i, problems := range e.Items {
		switch {
		case len(problems) == 0:
		case listed == maxFaultyListed:
			more++
		default:
			listed++
			fmt.Fprintf(&b, "\nitems[%d]: %s", i, sentences(problems))
		}
	}
	if more > 0 {
		fmt.Fprintf(&b, "\nAnd %d more items have faults.", more)
	}
	return b.String()
}

// Unwrap returns the whole as one *problem.Problem.
func (e *CheckError) Unwrap() error { return problem.New(e.Error(), "") }

func sentences(problems []*problem.Problem) string {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Error()
	}
	return strings.Join(texts, " ")
}

// checker checks one item and builds the input for it.
type checker struct {
	Writer
	kind     *schema.Kind
	item     Item
	input    Input
	problems []*problem.Problem
}

func (w Writer) check(k *schema.Kind, item Item) (Input, []*problem.Problem) {
	c := &checker{Writer: w, kind: k, item: item, input: Input{Data: map[string]any{}, secrets: map[string]string{}}}
	c.problem(named(k, item.ID, item.HFID, c.input.Data))
	if item.ID != "" && len(item.Data) == 0 {
		c.problem(problem.New("The data is empty: there is nothing to change.", ""))
	}
	for _, name := range slices.Sorted(maps.Keys(item.Data)) {
		if len(c.problems) >= maxProblems {
			c.problems = append(c.problems, problem.New("There may be more problems with this item.", ""))
			return c.input, c.problems
		}
		c.field(name, item.Data[name])
	}
	c.mandatory()
	if len(c.problems) == 0 {
		c.complete()
	}
	return c.input, c.problems
}

// problem notes a problem, if p is one.
func (c *checker) problem(p *problem.Problem) {
	if p != nil {
		c.problems = append(c.problems, p)
	}
}

// refuse notes a problem made of two sentences.
func (c *checker) refuse(do, what string, args ...any) {
	c.problem(problem.New(fmt.Sprintf(what, args...), do))
}

// field checks one entry of the data.
func (c *checker) field(name string, raw json.RawMessage) {
	a, r := c.kind.Attribute(name), c.kind.Relationship(name)
	if a == nil && r == nil {
		c.unknown(name)
		return
	}
	switch {
	case a != nil && a.Computed != nil:
		c.refuse("Leave it out; it follows from other values.", "%s of %s is computed by Infrahub.", name, c.kind.Name)
		return
	case a != nil && a.ReadOnly || r != nil && r.ReadOnly:
		c.refuse("Leave it out.", "%s of %s is read-only: Infrahub sets it.", name, c.kind.Name)
		return
	}
	if err := c.Policy.Fields(c.kind, map[string]any{name: nil}); err != nil {
		p := problem.New(err.Error(), "")
		if known, ok := errors.AsType[*problem.Problem](err); ok {
			p = known
		}
		c.problem(p)
		return
	}
	value, err := decode(raw)
	if err != nil {
		c.refuse("", "%s is not JSON.", name)
		return
	}
	before := len(c.problems)
	var input any
	if a != nil {
		input = c.attribute(a, value)
	} else {
		input = c.relationship(r, value)
	}
	if len(c.problems) == before {
		c.input.Data[name] = input
	}
}

// unknown notes a name that is neither attribute nor relationship.
func (c *checker) unknown(name string) {
	if name == "id" || name == "hfid" {
		c.refuse("Give it beside data, as "+name+".", "%s says which node is meant and is no part of its data.", name)
		return
	}
	var known []string
	for i := range c.kind.Attributes {
		if a := &c.kind.Attributes[i]; !a.ReadOnly && a.Computed == nil {
			known = append(known, a.Name)
		}
	}
	for i := range c.kind.Relationships {
		if r := &c.kind.Relationships[i]; !r.ReadOnly {
			known = append(known, r.Name)
		}
	}
	c.problem(problem.Unknown("attribute or relationship of "+c.kind.Name, name, known,
		fmt.Sprintf("Call get_schema with kind %s for all of them.", c.kind.Name)))
}

// mandatory notes what a new node lacks. A node that is named may exist, and
// then takes a part of its data. So may one of a kind without an hfid: Infrahub
// looks it up by the value of one attribute, for kinds of IPAM the address or
// prefix.
func (c *checker) mandatory() {
	if c.item.ID != "" || len(c.item.HFID) > 0 {
		return
	}
	if len(c.kind.HumanFriendlyID) == 0 {
		for i := range c.kind.Attributes {
			a := &c.kind.Attributes[i]
			if c.addressed(c.kind) != "" && required(a) && c.item.Data[a.Name] == nil && (a.Kind == "IPHost" || a.Kind == "IPNetwork") {
				c.refuse("Add it, or give the id of a node that exists beside data.", "%s names the %s and is missing.", a.Name, c.kind.Name)
			}
		}
		return
	}
	// Profiles and templates provide values.
	for _, provider := range []string{"profiles", "object_template"} {
		if c.item.Data[provider] != nil {
			return
		}
	}
	var missing []string
	for i := range c.kind.Attributes {
		if a := &c.kind.Attributes[i]; c.item.Data[a.Name] == nil && required(a) {
			missing = append(missing, a.Name+hint(a))
		}
	}
	for i := range c.kind.Relationships {
		if r := &c.kind.Relationships[i]; c.item.Data[r.Name] == nil && !r.Optional && !r.ReadOnly {
			missing = append(missing, fmt.Sprintf("%s (%s)", r.Name, r.Peer))
		}
	}
	if len(missing) > 0 {
		c.refuse("Add what is missing. To change a node that exists already, say which: give its id or hfid beside data.",
			"A new %s needs %s.", c.kind.Name, strings.Join(missing, ", "))
	}
}

func required(a *schema.Attribute) bool {
	return !a.Optional && !a.ReadOnly && a.Computed == nil && a.Default == nil && a.Kind != "NumberPool"
}

// hint says what a missing attribute is.
func hint(a *schema.Attribute) string {
	allowed := make([]string, 0, len(a.Choices)+len(a.Enum))
	for _, choice := range a.Choices {
		allowed = append(allowed, choice.Name)
	}
	for _, value := range a.Enum {
		allowed = append(allowed, fmt.Sprint(value))
	}
	if len(allowed) > 0 {
		return " (" + strings.Join(allowed, ", ") + ")"
	}
	return " (" + a.Kind + ")"
}

// complete makes the hfid and the data of an input agree.
//
// With an hfid Infrahub looks the node up. When there is none it makes one, but
// does not take the parts of the hfid for values of it, so those that are
// attributes are added. Data that gives another hfid renames the node.
//
// Without id and hfid Infrahub first tries to make a node, and so refuses an
// input for one that exists and leaves out a unique attribute when some other
// node has no value for it. So the hfid is taken from the data where that can be
// done.
func (c *checker) complete() {
	if c.item.ID != "" {
		return
	}
	own := make([]string, len(c.kind.HumanFriendlyID))
	for i, part := range c.kind.HumanFriendlyID {
		name, path, _ := strings.Cut(part, "__")
		if a := c.kind.Attribute(name); a != nil && path == "value" {
			own[i] = c.attributePart(a)
		} else if r := c.kind.Relationship(name); r != nil && !r.Many() {
			own[i] = c.relationshipPart(r, path)
		}
		if i < len(c.item.HFID) {
			c.input.Rename = c.input.Rename || own[i] != "" && own[i] != c.item.HFID[i]
		}
	}
	if len(c.item.HFID) > 0 {
		for i, part := range c.item.HFID {
			c.add(c.kind.HumanFriendlyID[i], part)
		}
	} else if len(own) > 0 && !slices.Contains(own, "") {
		c.input.Data["hfid"] = own
	}
}

// attributePart returns the part of the hfid that the data gives, "" when it
// gives none or one whose spelling is up to Infrahub.
func (c *checker) attributePart(a *schema.Attribute) string {
	input, ok := c.input.Data[a.Name].(map[string]any)
	if !ok || !spellable(a) || input["value"] == nil {
		return ""
	}
	return fmt.Sprint(input["value"])
}

// relationshipPart returns the part of the hfid that the data gives by the hfid
// of a peer, "" when it gives none. path is that of the part below the peer.
func (c *checker) relationshipPart(r *schema.Relationship, path string) string {
	input, ok := c.input.Data[r.Name].(map[string]any)
	if !ok || !c.isHFID(r, path) {
		return ""
	}
	hfid, ok := input["hfid"].([]string)
	if !ok || input["kind"] != nil { // another kind may have another hfid
		return ""
	}
	return hfid[0]
}

// isHFID reports whether a path below a relationship is the whole hfid of its
// peers.
func (c *checker) isHFID(r *schema.Relationship, path string) bool {
	peer := c.Schema.Lookup(r.Peer)
	return peer != nil && slices.Equal(peer.HumanFriendlyID, []string{path})
}

// add adds a part of the hfid that is an attribute to the data, unless it is
// there or does not pass the checks: then the node exists with it, or Infrahub
// says what a new one lacks. A part that lies in a peer is not added: to name
// the peer that a node has already takes the protection and the owner from the
// relationship.
func (c *checker) add(path, part string) {
	name, end, _ := strings.Cut(path, "__")
	if _, given := c.input.Data[name]; given || end != "value" || c.kind.Attribute(name) == nil {
		return
	}
	raw, err := encode(part)
	if err != nil {
		return
	}
	attempt := &checker{Writer: c.Writer, kind: c.kind, item: c.item, input: c.input}
	attempt.field(name, raw)
}

// wholeHFID refuses an hfid that cannot be one of the kind.
func wholeHFID(k *schema.Kind, parts []string) *problem.Problem {
	if len(k.HumanFriendlyID) == 0 {
		return problem.New(fmt.Sprintf("Nodes of %s have no human-friendly id (hfid).", k.Name), "Give the id.")
	}
	if len(parts) != len(k.HumanFriendlyID) {
		return problem.New(fmt.Sprintf("The hfid of %s has %d parts (%s), got %d.",
			k.Name, len(k.HumanFriendlyID), strings.Join(k.HumanFriendlyID, ", "), len(parts)), "")
	}
	for i, part := range parts {
		if part == "" {
			return problem.New(fmt.Sprintf("The part %s of the hfid of %s is empty.", k.HumanFriendlyID[i], k.Name), "")
		}
	}
	return nil
}

// isUUID reports whether a text is an id in Infrahub's form of a UUID.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	_, err := uuid.Parse(text)
	return err == nil
}

// decode reads one JSON value with numbers as they are written.
func decode(raw json.RawMessage) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return value, nil
}

// wholeNumber reads an integer of 64 bits, also one written as text or with a
// fraction of zero. Infrahub itself cuts fractions off and takes true for 1.
func wholeNumber(value any) (int64, bool) {
	switch value := value.(type) {
	case json.Number:
		if number, err := value.Int64(); err == nil {
			return number, true
		}
		const exact = 1 << 53 // beyond, a float does not hold every integer
		number, err := value.Float64()
		if err != nil || number > exact || number < -exact || number != math.Trunc(number) {
			return 0, false
		}
		return int64(number), true
	case string:
		number, err := strconv.ParseInt(value, 10, 64)
		return number, err == nil && strconv.FormatInt(number, 10) == value
	}
	return 0, false
}

// shown writes a value for a message.
func shown(value any) string {
	raw, err := encode(value)
	if err != nil {
		return "something else"
	}
	return problem.Excerpt(string(raw), 60)
}
