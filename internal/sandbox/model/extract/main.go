// Extract writes core.json: the kinds that every Infrahub has, read from a
// running one and brought into the schema format. What follows from the rest
// is left out, and so is what Infrahub says about the kinds: core.json holds
// names, kinds, flags and relations.
//
//	go run ./internal/sandbox/model/extract -address http://127.0.0.1:8000 -out core.json
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
	"unicode"
)

func main() {
	address := flag.String("address", "http://127.0.0.1:8000", "address of an Infrahub that anonymous users may read")
	out := flag.String("out", "core.json", "file to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *address, *out)
	stop()
	if err != nil {
		slog.New(slog.NewTextHandler(os.Stderr, nil)).Error("extracting the built-in kinds", "error", err)
		os.Exit(1) //nolint:forbidigo // a program of its own
	}
}

// object is a kind or member as the API gives it. Numbers stay as written.
type object map[string]any

func (o object) text(key string) string {
	text, _ := o[key].(string)
	return text
}

func (o object) list(key string) []object {
	elements, _ := o[key].([]any)
	list := make([]object, 0, len(elements))
	for _, element := range elements {
		if member, ok := element.(map[string]any); ok {
			list = append(list, member)
		}
	}
	return list
}

func run(ctx context.Context, address, out string) error {
	kinds, err := read(ctx, strings.TrimSuffix(address, "/")+"/api/schema")
	if err != nil {
		return err
	}
	byName := make(map[string]object, len(kinds))
	lists := map[string][]string{}
	for _, k := range kinds {
		name, list := k.text("kind"), "nodes"
		if _, generic := k["used_by"]; generic {
			list = "generics"
		}
		byName[name] = k
		lists[list] = append(lists[list], name)
	}
	var b bytes.Buffer
	b.WriteString("{\"version\": \"1.0\"")
	for _, list := range []string{"generics", "nodes"} {
		fmt.Fprintf(&b, ",\n%q: [", list)
		separator := "\n"
		for _, name := range slices.Sorted(slices.Values(lists[list])) {
			b.WriteString(separator)
			separator = ",\n"
			reduce(byName, byName[name])
			if err := write(&b, byName[name]); err != nil {
				return fmt.Errorf("writing %s: %w", name, err)
			}
		}
		b.WriteString("\n]")
	}
	b.WriteString("\n}\n")
	return os.WriteFile(out, b.Bytes(), 0o600)
}

// read returns the built-in kinds of a server. Those of the namespaces Internal
// and Schema are in the summary only and have to be asked for one by one.
func read(ctx context.Context, address string) ([]object, error) {
	var schema struct{ Nodes, Generics []object }
	var summary struct{ Nodes map[string]string }
	if err := get(ctx, address, &schema); err != nil {
		return nil, err
	}
	if err := get(ctx, address+"/summary", &summary); err != nil {
		return nil, err
	}
	kinds := slices.DeleteFunc(slices.Concat(schema.Nodes, schema.Generics), func(k object) bool {
		switch k.text("namespace") {
		case "Builtin", "Core", "Lineage":
			return false
		}
		return k.text("kind") != "IpamNamespace"
	})
	for _, name := range slices.Sorted(maps.Keys(summary.Nodes)) {
		if strings.HasPrefix(name, "Internal") || strings.HasPrefix(name, "Schema") {
			var k object
			if err := get(ctx, address+"/"+name, &k); err != nil {
				return nil, err
			}
			kinds = append(kinds, k)
		}
	}
	return kinds, nil
}

func get(ctx context.Context, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(address + ": " + response.Status)
	}
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decoding %s: %w", address, err)
	}
	return nil
}

// reduce leaves of a kind what it has to declare.
func reduce(byName map[string]object, k object) {
	drop(k, object{
		"branch": "aware", "generate_profile": true, "generate_template": false, "hierarchical": false,
		"label": label(k.text("name")), "parent": k["hierarchy"], "children": k["hierarchy"],
	}, "id", "hash", "kind", "state", "description", "hierarchy", "used_by")

	attributes := ordered(k.list("attributes"))
	inherited := len(attributes)
	attributes = slices.DeleteFunc(attributes, func(a object) bool { return a["inherited"] == true })
	inherited -= len(attributes)
	for i, a := range attributes {
		reduceAttribute(k, a, (i+1)*1000)
	}
	relationships := ordered(k.list("relationships"))
	// Groups come last. When their weight says otherwise there are
	// relationships before them that Infrahub does not show.
	last := (len(attributes) + inherited + len(relationships)) * 1000
	relationships = slices.DeleteFunc(relationships, func(r object) bool {
		return implied(r) && (r["kind"] != "Group" || weight(r) <= int64(last))
	})
	for i, r := range relationships {
		reduceRelationship(byName, k, r, (len(attributes)+inherited+i+1)*1000)
	}
	k["attributes"], k["relationships"] = attributes, relationships
}

// ordered sorts members as they were declared, which is what their weight tells
// unless it was declared itself.
func ordered(members []object) []object {
	slices.SortFunc(members, func(a, b object) int {
		return cmp.Or(cmp.Compare(weight(a), weight(b)), cmp.Compare(a.text("name"), b.text("name")))
	})
	return members
}

func weight(member object) int64 {
	number, _ := member["order_weight"].(json.Number)
	n, err := number.Int64()
	if err != nil {
		return 0
	}
	return n
}

// implied tells whether a relationship is one that Infrahub adds.
func implied(r object) bool {
	switch r.text("name") {
	case "member_of_groups", "subscriber_of_groups":
		return r["kind"] == "Group"
	case "profiles":
		return r["kind"] == "Profile"
	}
	return r["inherited"] == true || r["identifier"] == "parent__child"
}

func reduceAttribute(k, a object, weight int) {
	if parameters, ok := a["parameters"].(map[string]any); ok {
		maps.DeleteFunc(parameters, func(_ string, v any) bool { return v == nil })
		for _, key := range []string{"regex", "min_length", "max_length"} {
			if parameters[key] != nil {
				delete(a, key)
			}
		}
		if len(parameters) == 0 {
			delete(a, "parameters")
		}
	}
	if choices := a.list("choices"); len(choices) > 0 {
		slices.SortFunc(choices, func(x, y object) int { return cmp.Compare(x.text("name"), y.text("name")) })
		for _, c := range choices {
			drop(c, object{"label": label(c.text("name"))}, "description")
		}
		a["choices"] = choices
	}
	drop(a, object{
		"read_only": false, "unique": false, "optional": false, "branch": k.branch(), "ordered": true,
		"allow_override": "any", "display": "default", "label": label(a.text("name")), "order_weight": weight,
	}, "id", "inherited", "state", "description")
	if a["default_value"] != nil {
		delete(a, "optional")
	}
}

func reduceRelationship(byName map[string]object, k, r object, weight int) {
	branch := k.branch()
	if peer := byName[r.text("peer")].branch(); peer != branch {
		branch = "aware"
		if k.branch() == "local" || peer == "local" {
			branch = "local"
		}
	}
	ends := []string{k.text("namespace") + k.text("name"), r.text("peer")}
	slices.Sort(ends)
	onDelete := "no-action"
	if r["kind"] == "Component" {
		onDelete = "cascade"
	}
	if r["cardinality"] == "one" {
		delete(r, "min_count")
		delete(r, "max_count")
	}
	drop(r, object{
		"kind": "Generic", "cardinality": "many", "min_count": 0, "max_count": 0, "optional": true, "read_only": false,
		"direction": "bidirectional", "allow_override": "any", "display": "default", "on_delete": onDelete,
		"branch": branch, "identifier": strings.ToLower(strings.Join(ends, "__")), "label": label(r.text("name")),
		"order_weight": weight,
	}, "id", "inherited", "state", "description", "hierarchical")
}

// branch returns the branch support of a kind, also of one that is reduced.
func (o object) branch() string {
	return cmp.Or(o.text("branch"), "aware")
}

// drop drops what is null, what is as it is by default and what is named.
func drop(o, defaults object, names ...string) {
	maps.DeleteFunc(o, func(key string, v any) bool {
		standard, ok := defaults[key]
		return v == nil || slices.Contains(names, key) || ok && fmt.Sprint(v) == fmt.Sprint(standard)
	})
}

// label returns the label that a name has by default.
func label(name string) string {
	before := ' '
	return strings.Map(func(r rune) rune {
		if r == '_' {
			r = ' '
		}
		if unicode.IsLetter(before) {
			r = unicode.ToLower(r)
		} else {
			r = unicode.ToTitle(r)
		}
		before = r
		return r
	}, name)
}

// write writes a kind, each of its members on a line of its own.
func write(b *bytes.Buffer, k object) error {
	lists := object{}
	for _, list := range []string{"attributes", "relationships"} {
		lists[list] = k[list]
		delete(k, list)
	}
	line, err := encode(k)
	if err != nil {
		return err
	}
	b.WriteString(strings.TrimSuffix(line, "}"))
	for _, list := range []string{"attributes", "relationships"} {
		members, _ := lists[list].([]object)
		if len(members) == 0 {
			continue
		}
		fmt.Fprintf(b, ",\n %q: [", list)
		for i, member := range members {
			line, err := encode(member)
			if err != nil {
				return err
			}
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("\n  " + line)
		}
		b.WriteByte(']')
	}
	b.WriteByte('}')
	return nil
}

// encode writes an object on one line, what names it first.
func encode(o object) (string, error) {
	keys := slices.SortedFunc(maps.Keys(o), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	parts := make([]string, len(keys))
	for i, key := range keys {
		value, err := json.Marshal(o[key])
		if err != nil {
			return "", err
		}
		parts[i] = fmt.Sprintf("%q: %s", key, value)
	}
	return "{" + strings.Join(parts, ", ") + "}", nil
}

func rank(key string) int {
	i := slices.Index([]string{"namespace", "name", "kind", "peer"}, key)
	if i < 0 {
		return len(key) + 4 // behind, short ones first
	}
	return i
}
