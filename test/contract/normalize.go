package contract

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// normalizer replaces what no two runs have in common by placeholders:
//
//	<id par1>                            an id that a case captured as par1
//	<id 2>                               the second id that is new in this answer
//	<id 2 of reads: a list of devices>   the same id in the answer of a later case
//	<time 1 Z>                           a time, and how its zone is written
//	<hash 1>                             the hash of a schema, a checksum
//	<jwt>, <password hash>, <date>       what is not told apart
//	<run>                                the part of names that differs between runs
//
// What is equal within a run has the same placeholder, so two runs agree only
// if what is equal in one is equal in the other.
type normalizer struct {
	run   string
	names map[string]name // by the key of a finding
}

// name stands for an id, a time or a hash.
type name struct {
	label string
	home  string // the case in whose answer the label is enough; empty for all
}

func newNormalizer(run string) *normalizer {
	return &normalizer{run: run, names: map[string]name{}}
}

// capture gives a value a label, if it is one that is replaced and has none.
func (n *normalizer) capture(value, label string) {
	f := classify(value)
	if _, known := n.names[f.key]; f.key != "" && !known {
		n.names[f.key] = name{label: label}
	}
}

// normalize returns a copy of the answer of a case with placeholders. The lists
// and objects that the paths name are put into an order that does not depend on
// what the placeholders stand for.
func (n *normalizer) normalize(home string, value any, unordered []path) any {
	for _, p := range unordered {
		value, _ = replace(value, p, n.sorted)
	}
	count := map[string]int{}
	return n.rewrite(value, func(f finding) string {
		known, ok := n.names[f.key]
		if !ok {
			count[f.sort]++
			known = name{label: strconv.Itoa(count[f.sort]), home: home}
			n.names[f.key] = known
		}
		if known.home == "" || known.home == home {
			return known.label
		}
		return known.label + " of " + known.home
	})
}

// sorted returns a list ordered by the text of its elements, in which all that
// has no label yet looks alike, or an object ordered by names of members.
func (n *normalizer) sorted(value any) any {
	if o, ok := value.(*object); ok {
		slices.Sort(o.keys)
	}
	list, ok := value.([]any)
	if !ok {
		return value
	}
	type element struct {
		text  []byte
		value any
	}
	elements := make([]element, len(list))
	for i, v := range list {
		alike := n.rewrite(v, func(f finding) string {
			known := n.names[f.key]
			return known.label + known.home
		})
		raw, err := text(alike)
		if err != nil {
			raw = nil // cannot be: what was decoded can be encoded
		}
		elements[i] = element{raw, v}
	}
	slices.SortStableFunc(elements, func(a, b element) int { return bytes.Compare(a.text, b.text) })
	result := make([]any, len(list))
	for i, e := range elements {
		result[i] = e.value
	}
	return result
}

// mask returns a copy of a value for error messages, in which nothing secret is
// left.
func (n *normalizer) mask(value any) any {
	return n.rewrite(value, func(f finding) string { return n.names[f.key].label })
}

// rewrite returns a copy of a value with every finding in its strings and names
// of members replaced; label names those that have a key.
func (n *normalizer) rewrite(value any, label func(finding) string) any {
	switch v := value.(type) {
	case *object:
		o := newObject()
		for _, key := range v.keys {
			o.set(n.rewriteString(key, label), n.rewrite(v.values[key], label))
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = n.rewrite(v[i], label)
		}
		return list
	case string:
		return n.rewriteString(v, label)
	default:
		return value
	}
}

func (n *normalizer) rewriteString(s string, label func(finding) string) string {
	s = orderPermissions(strings.ReplaceAll(s, n.run, "<run>"))
	return volatile.ReplaceAllStringFunc(s, func(found string) string {
		f := classify(found)
		switch {
		case f.sort == "":
			return found
		case f.key == "":
			return "<" + f.sort + ">"
		case f.zone == "":
			return "<" + f.sort + " " + label(f) + ">"
		default:
			return "<" + f.sort + " " + label(f) + " " + f.zone + ">"
		}
	})
}

// orderPermissions orders the permissions that a refusal lists. Infrahub takes
// them from a set, so every process of it has an order of its own.
func orderPermissions(s string) string {
	const start, separator = "You do not have one of the following permissions: ", " | "
	list, ok := strings.CutPrefix(s, start)
	if !ok {
		return s
	}
	names := strings.Split(list, separator)
	slices.Sort(names)
	return start + strings.Join(names, separator)
}

// finding is a piece of text that differs between runs.
type finding struct {
	sort string // id, time and so on; empty for what stays
	key  string // what is equal for equal things; empty for what is not told apart
	zone string // of a time, as it is written
}

const (
	uuidForm   = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
	hashForm   = `\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b`
	jwtForm    = `eyJ[\w-]+\.[\w-]+\.[\w-]+`
	bcryptForm = `\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}`
	dateForm   = `[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT`
	timeForm   = `(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?`
)

var (
	volatile = regexp.MustCompile(strings.Join([]string{jwtForm, bcryptForm, uuidForm, hashForm, dateForm, timeForm}, "|"))
	isUUID   = regexp.MustCompile("^" + uuidForm + "$")
	isHash   = regexp.MustCompile("^" + hashForm + "$")
	isTime   = regexp.MustCompile("^" + timeForm + "$")
)

// firstYear is the first whose times are taken for those of the server's clock.
// Times that requests write are earlier and are compared as they are.
const firstYear = 2025

// classify tells what a text is, if it differs between runs.
func classify(s string) finding {
	switch {
	case isUUID.MatchString(s):
		return finding{sort: "id", key: s}
	case isHash.MatchString(s):
		return finding{sort: "hash", key: s}
	case isTime.MatchString(s):
		return classifyTime(isTime.FindStringSubmatch(s))
	case strings.HasSuffix(s, " GMT"):
		return finding{sort: "date"}
	case strings.HasPrefix(s, "$2"):
		return finding{sort: "password hash"}
	case strings.HasPrefix(s, "eyJ"):
		return finding{sort: "jwt"}
	}
	return finding{}
}

// classifyTime takes the day, the time of day and the zone of a time. Equal
// instants are equal however they are written; without a zone UTC is meant.
func classifyTime(parts []string) finding {
	day, clock, zone := parts[1], parts[2], parts[3]
	offset := zone
	if offset == "" {
		offset = "Z"
	}
	instant, err := time.Parse(time.RFC3339Nano, day+"T"+clock+offset)
	if err != nil || instant.Year() < firstYear {
		return finding{}
	}
	if zone == "" {
		zone = "without zone"
	}
	return finding{sort: "time", key: instant.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano), zone: zone}
}
