package graph

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// relationship checks what is given for a relationship and returns Infrahub's
// input for it.
func (c *checker) relationship(r *schema.Relationship, given any) any {
	if given == nil && !r.Many() {
		if !r.Optional {
			c.refuse("", "%s is mandatory for %s and cannot be cleared.", r.Name, c.kind.Name)
		}
		return nil
	}
	list, ok := given.([]any)
	if !r.Many() {
		if ok && len(list) == 0 {
			c.refuse("Give null to clear it.", "%s of %s has one peer, got an empty list.", r.Name, c.kind.Name)
			return nil
		}
		return c.peer(r, given)
	}
	if given != nil && !ok {
		// Infrahub takes one node for a list of one, and so drops all others.
		c.refuse(fmt.Sprintf("Give all the nodes that it shall have; to add one to those it has use mutate_graphql with RelationshipAdd. A list of one: [%s].", shown(given)),
			"%s of %s has many peers and takes a list.", r.Name, c.kind.Name)
		return nil
	}
	if r.MaxCount > 0 && len(list) > r.MaxCount {
		c.refuse("", "%s of %s takes at most %d nodes, got %d.", r.Name, c.kind.Name, r.MaxCount, len(list))
	}
	if least := leastPeers(r); len(list) < least {
		c.refuse("", "%s of %s needs at least %d, got %d.", r.Name, c.kind.Name, least, len(list))
	}
	input := make([]any, 0, len(list))
	seen := make(map[string]bool, len(list))
	for _, entry := range list {
		if len(c.problems) >= maxProblems {
			break
		}
		peer := c.peer(r, entry)
		input = append(input, peer)
		// Infrahub counts it twice in its answer.
		if key := shownWhole(peer); peer != nil && seen[key] {
			c.refuse("", "%s lists %s twice.", r.Name, shown(entry))
		} else {
			seen[key] = true
		}
	}
	return input
}

func leastPeers(r *schema.Relationship) int {
	if !r.Optional {
		return max(r.MinCount, 1)
	}
	return r.MinCount
}

func shownWhole(value any) string {
	raw, _ := encode(value) // what cannot be written was refused
	return string(raw)
}

// peer checks one node of a relationship and returns Infrahub's input for it,
// nil when it notes a problem.
func (c *checker) peer(r *schema.Relationship, given any) any {
	switch given := given.(type) {
	case string:
		return c.peerText(r, given)
	case json.Number:
		return c.peerHFID(r, nil, []any{given})
	case []any:
		return c.peerHFID(r, nil, given)
	case map[string]any:
		return c.peerObject(r, given)
	}
	c.refuse(peerForms(r), "%s takes a node, got %s.", r.Name, shown(given))
	return nil
}

func peerForms(r *schema.Relationship) string {
	return fmt.Sprintf(`Name a node of %s by its id, its hfid or Kind__part1__part2, as text or as {"id": …} or {"hfid": […]}.`, r.Peer)
}

// peerText reads an id, Kind__part1__part2, the value of an address or prefix,
// or an hfid of one part.
func (c *checker) peerText(r *schema.Relationship, text string) any {
	if isUUID(text) {
		return map[string]any{"id": text}
	}
	if name, rest, ok := strings.Cut(text, "__"); ok {
		if kind := c.Schema.Lookup(name); kind != nil {
			parts := strings.SplitN(rest, "__", max(1, len(kind.HumanFriendlyID)))
			if c.addressed(kind) != "" {
				return c.peerAddress(r, kind, rest)
			}
			return c.peerParts(r, kind, parts)
		}
	}
	if peer := c.Schema.Lookup(r.Peer); peer != nil && c.addressed(peer) != "" {
		return c.peerAddress(r, peer, text)
	}
	return c.peerParts(r, nil, []string{text})
}

func (c *checker) peerObject(r *schema.Relationship, members map[string]any) any {
	peer := c.Schema.Lookup(r.Peer)
	var kind *schema.Kind
	if name, ok := members["kind"]; ok {
		var p *problem.Problem
		if kind, p = c.peerKind(r, name); p != nil {
			c.problem(p)
			return nil
		}
	}
	input := map[string]any{}
	named := 0
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value := members[name]
		var part any
		switch name {
		case "kind":
			continue
		case "id":
			named++
			if id, ok := value.(string); !ok || !isUUID(id) {
				c.refuse(fmt.Sprintf(`Name it by its hfid: {"hfid": [%s]}.`, shown(value)), "%s.id must be a UUID, got %s.", r.Name, shown(value))
			}
			input["id"] = value
			continue
		case "hfid":
			named++
			list, ok := value.([]any)
			if !ok {
				list = []any{value}
			}
			part = c.peerHFID(r, kind, list)
		case "from_pool":
			named++
			part = c.peerPool(r, peer, value)
		case "is_protected", "_relation__is_protected":
			c.flag(r.Name+"."+name, value)
			part = map[string]any{"_relation__is_protected": value}
		case "source", "owner", "_relation__source", "_relation__owner":
			c.lineage(r.Name+"."+name, value)
			part = map[string]any{"_relation__" + strings.TrimPrefix(name, "_relation__"): value}
		default:
			c.problem(problem.Unknown("member of a node of "+r.Name, name,
				[]string{"id", "hfid", "kind", "from_pool", "is_protected", "source", "owner"}, peerForms(r)))
		}
		if part, ok := part.(map[string]any); ok {
			maps.Copy(input, part)
		}
	}
	if named != 1 {
		c.refuse("Give exactly one of id, hfid and from_pool.", "%s has %d of id, hfid and from_pool.", r.Name, named)
		return nil
	}
	return input
}

// peerKind reads the kind of a peer.
func (c *checker) peerKind(r *schema.Relationship, given any) (*schema.Kind, *problem.Problem) {
	name, ok := given.(string)
	if !ok {
		return nil, problem.New(fmt.Sprintf("%s.kind must be a text.", r.Name), "")
	}
	kind := c.Schema.Lookup(name)
	if kind == nil || !c.fitsPeer(r, kind) {
		return nil, c.wrongKind(r, name)
	}
	return kind, nil
}

func (c *checker) wrongKind(r *schema.Relationship, name string) *problem.Problem {
	peer := c.Schema.Lookup(r.Peer)
	if peer == nil || peer.Class != schema.Generic {
		return problem.New(fmt.Sprintf("The peers of %s are of kind %s, got %s.", r.Name, r.Peer, problem.Excerpt(name, 100)), "")
	}
	var known []string
	for _, kind := range c.Schema.Concrete(peer) {
		known = append(known, kind.Name)
	}
	p := problem.New(fmt.Sprintf("%s is not among the kinds that the peers of %s can have (%s).", problem.Excerpt(name, 100), r.Name, r.Peer), "")
	p.Candidates = problem.Closest(name, known, 5)
	if len(known) <= 10 {
		p.Candidates, p.Do = nil, "They are "+strings.Join(known, ", ")+"."
	}
	return p
}

// fitsPeer reports whether nodes of a kind can be peers.
func (c *checker) fitsPeer(r *schema.Relationship, kind *schema.Kind) bool {
	peer := c.Schema.Lookup(r.Peer)
	if peer == nil || kind == peer {
		return kind == peer
	}
	possible := c.Schema.Concrete(peer)
	return slices.ContainsFunc(c.Schema.Concrete(kind), func(k *schema.Kind) bool { return slices.Contains(possible, k) })
}

// peerHFID reads an hfid whose parts are texts or whole numbers.
func (c *checker) peerHFID(r *schema.Relationship, kind *schema.Kind, given []any) any {
	parts := make([]string, len(given))
	for i, part := range given {
		switch part := part.(type) {
		case string:
			parts[i] = part
		case json.Number:
			if _, ok := wholeNumber(part); !ok {
				c.refuse("", "%s: a part of an hfid is a text, got %s.", r.Name, shown(part))
				return nil
			}
			parts[i] = part.String()
		case map[string]any:
			c.refuse("", "%s of %s has one peer and takes no list of nodes.", r.Name, c.kind.Name)
			return nil
		default:
			c.refuse(peerForms(r), "%s: a part of an hfid is a text, got %s.", r.Name, shown(part))
			return nil
		}
	}
	return c.peerParts(r, kind, parts)
}

// peerParts returns the input for the node with an hfid. kind is nil when it is
// not given.
func (c *checker) peerParts(r *schema.Relationship, kind *schema.Kind, parts []string) any {
	peer := c.Schema.Lookup(r.Peer)
	if kind == nil {
		kind = peer
	}
	switch {
	case peer == nil:
		c.refuse("Give its id.", "Nodes of %s can only be named by id.", r.Peer)
		return nil
	case !c.fitsPeer(r, kind):
		c.problem(c.wrongKind(r, kind.Name))
		return nil
	case len(kind.HumanFriendlyID) == 0 && kind.Class == schema.Generic:
		c.refuse(`Name the kind: Kind__part1__part2, or {"kind": …, "hfid": […]}; or give the id.`,
			"The peers of %s are of several kinds (%s), which have no hfid in common.", r.Name, r.Peer)
		return nil
	case kind != peer && c.addressed(peer) != "":
		c.refuse("Give its id.", "%s takes no kind.", r.Name)
		return nil
	}
	if p := wholeHFID(kind, parts); p != nil {
		p.What = r.Name + ": " + p.What
		if p.Do == "" {
			p.Do = "Write it as a list of its parts."
		}
		c.problem(p)
		return nil
	}
	input := map[string]any{"hfid": parts}
	if kind != peer {
		input["kind"] = kind.Name
	}
	return input
}

// addressed returns the generic of IPAM, an address or a prefix, that a kind is
// or implements, "" for any other kind.
func (c *checker) addressed(k *schema.Kind) string {
	for _, name := range append([]string{k.Name}, k.InheritFrom...) {
		if name == ipAddress || name == ipPrefix {
			return name
		}
	}
	return ""
}

const (
	ipAddress = "BuiltinIPAddress"
	ipPrefix  = "BuiltinIPPrefix"
)

// peerAddress returns the input for an address or prefix named by its value,
// by which Infrahub looks up what is no UUID.
func (c *checker) peerAddress(r *schema.Relationship, kind *schema.Kind, text string) any {
	peer := c.Schema.Lookup(r.Peer)
	switch {
	case !c.fitsPeer(r, kind):
		c.problem(c.wrongKind(r, kind.Name))
		return nil
	case len(kind.HumanFriendlyID) > 0:
		return c.peerParts(r, kind, strings.SplitN(text, "__", len(kind.HumanFriendlyID)))
	case peer == nil || c.addressed(peer) == "":
		c.refuse("Give its id.", "%s takes nodes of %s by id only.", r.Name, kind.Name)
		return nil
	}
	prefix, ok := ipHost(text)
	if !ok || c.addressed(kind) == ipPrefix && !isIPNetwork(text) {
		c.refuse("Name it by its value, such as 192.0.2.1/32, or give its id.", "%s: %s is no id and no value of %s.", r.Name, shown(text), kind.Name)
		return nil
	}
	return map[string]any{"id": prefix.String()}
}

// peerPool returns the input for a node that a pool makes: only pools of
// addresses and prefixes do.
func (c *checker) peerPool(r *schema.Relationship, peer *schema.Kind, given any) any {
	if c.kind.Class != schema.Node || peer == nil ||
		!slices.ContainsFunc(c.Schema.Concrete(peer), func(k *schema.Kind) bool { return c.addressed(k) != "" }) {
		c.refuse("", "The peers of %s cannot be taken from a pool.", r.Name)
		return nil
	}
	options := []string{"identifier"}
	switch c.addressed(peer) {
	case ipAddress:
		options = append(options, "prefixlen")
	case ipPrefix:
		options = append(options, "size", "member_type")
	}
	input := c.pool(r.Name, given, options...)
	if members, ok := input.(map[string]any); ok && members["identifier"] == nil && len(c.kind.HumanFriendlyID) == 0 {
		// Infrahub makes one from the hfid.
		c.refuse(`Give an identifier of your own: {"from_pool": {"id": …, "identifier": …}}.`,
			"%s has no hfid: without an identifier each repetition would take another node from the pool.", c.kind.Name)
	}
	return map[string]any{"from_pool": input}
}
