package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"infrahub-mcp/internal/infrahub/graph"
	"infrahub-mcp/internal/problem"
)

// arguments describes the input of a tool, read once from its struct:
//
//	json:"name[,omitempty]"  its name; without omitempty it is required
//	jsonschema:"text"        what it means
//	default:"50"             the value when it is absent or null
//	min:"1" max:"30"         its range, or the range of its length for a list
//	split:","                a list whose items hold no comma: "a,b" is two
//	enum:"asc,desc"          the values it may have
type arguments struct {
	list []argument
	base *jsonschema.Schema
}

type argument struct {
	name     string
	index    int
	kind     reflect.Type // without pointer
	pointer  bool
	required bool
	fallback json.RawMessage
	min, max *float64
	enum     []string
	split    string
}

// argumentsOf reads the tags of In. A bad tag is a mistake of this program and
// stops it at the start, where every test sees it.
func argumentsOf[In any]() *arguments {
	base, err := jsonschema.For[In](anyValue())
	if err != nil {
		panic(fmt.Sprintf("the input %T has no JSON schema: %v", *new(In), err))
	}
	a := &arguments{base: base}
	structure := reflect.TypeFor[In]()
	for i := range structure.NumField() {
		field := structure.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		arg := argument{name: name, index: i, kind: field.Type, required: options != "omitempty", split: field.Tag.Get("split")}
		if arg.kind.Kind() == reflect.Pointer {
			arg.kind, arg.pointer = arg.kind.Elem(), true
		}
		if text, ok := field.Tag.Lookup("default"); ok {
			arg.fallback = json.RawMessage(text)
		}
		if text, ok := field.Tag.Lookup("enum"); ok {
			arg.enum = strings.Split(text, ",")
		}
		arg.min, arg.max = bound(field, "min"), bound(field, "max")
		a.list = append(a.list, arg)
	}
	return a
}

func bound(field reflect.StructField, tag string) *float64 {
	text, ok := field.Tag.Lookup(tag)
	if !ok {
		return nil
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("tag %s of %s: %v", tag, field.Name, err))
	}
	return &value
}

// schema is the JSON Schema of the arguments, in the subset that every client
// and model accepts: an object with properties, one type each, items on
// arrays, nothing that combines schemas.
func (a *arguments) schema() json.RawMessage {
	for _, arg := range a.list {
		property := a.base.Properties[arg.name]
		property.Default = arg.fallback
		for _, value := range arg.enum {
			property.Enum = append(property.Enum, value)
		}
		if arg.kind.Kind() == reflect.Slice {
			property.MinItems, property.MaxItems = whole(arg.min), whole(arg.max)
		} else if arg.kind.Kind() == reflect.String {
			property.MinLength, property.MaxLength = whole(arg.min), whole(arg.max)
		} else {
			property.Minimum, property.Maximum = arg.min, arg.max
		}
	}
	return portable(a.base)
}

func whole(f *float64) *int {
	if f == nil {
		return nil
	}
	i := int(*f)
	return &i
}

// anyValue are the types that hold JSON as it came.
func anyValue() *jsonschema.ForOptions {
	return &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[graph.Row]():       {Type: "object"},
		reflect.TypeFor[json.RawMessage](): {},
	}}
}

// outputSchema is the JSON Schema of a structured result.
func outputSchema[Out any]() json.RawMessage {
	base, err := jsonschema.For[Out](anyValue())
	if err != nil {
		panic(fmt.Sprintf("the output %T has no JSON schema: %v", *new(Out), err))
	}
	return portable(base)
}

// portable writes a schema without what some clients stumble over: lists of
// types and schemas that are a bare boolean.
func portable(s *jsonschema.Schema) json.RawMessage {
	plain(s, true)
	raw, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("a schema cannot be written: %v", err))
	}
	return raw
}

// plain gives a schema one type. Lists are never null here, and neither is what
// is left out when it is empty; only a required value may be, and then has no
// type.
func plain(s *jsonschema.Schema, optional bool) {
	if s == nil {
		return
	}
	types := slices.DeleteFunc(s.Types, func(t string) bool { return t == "null" })
	if len(types) == 1 && (optional || types[0] == "array") {
		s.Type = types[0]
	}
	s.Types = nil
	if s.AdditionalProperties != nil && s.AdditionalProperties.Type == "" && s.AdditionalProperties.Types == nil {
		s.AdditionalProperties = nil
	}
	if s.Type == "object" && s.Properties == nil {
		s.Properties = map[string]*jsonschema.Schema{}
	}
	plain(s.Items, false)
	plain(s.AdditionalProperties, false)
	for name, property := range s.Properties {
		plain(property, !slices.Contains(s.Required, name))
	}
}

// decode fills in (a pointer to the input struct) from what a client sent. It
// accepts what models really send: nothing at all, a number as text, one text
// for a list, an object as JSON text. It refuses what would be guessing, and
// names every fault at once.
func (a *arguments) decode(tool string, raw json.RawMessage, in any) error {
	given, err := object(raw)
	if err != nil {
		return problem.New(fmt.Sprintf("The arguments of %s must be a JSON object.", tool), "Arguments: "+a.names()+".")
	}
	var faults []string
	for name := range given {
		if !slices.ContainsFunc(a.list, func(arg argument) bool { return arg.name == name }) {
			known := make([]string, len(a.list))
			for i, arg := range a.list {
				known[i] = arg.name
			}
			faults = append(faults, problem.Unknown("argument", name, known, "").Error())
		}
	}
	slices.Sort(faults)
	target := reflect.ValueOf(in).Elem()
	for _, arg := range a.list {
		value, ok := given[arg.name]
		if ok && string(value) == "null" {
			ok = false
		}
		if !ok {
			if arg.required {
				faults = append(faults, fmt.Sprintf("The argument %s is missing.", arg.name))
				continue
			}
			if value = arg.fallback; value == nil {
				continue
			}
		}
		field := target.Field(arg.index)
		if arg.pointer {
			field.Set(reflect.New(arg.kind))
			field = field.Elem()
		}
		if fault := arg.set(field, value); fault != "" {
			faults = append(faults, fault)
		}
	}
	if len(faults) > 0 {
		return problem.New(strings.Join(faults, " "), fmt.Sprintf("Arguments of %s: %s.", tool, a.names()))
	}
	return nil
}

// names lists the arguments, the required ones marked.
func (a *arguments) names() string {
	if len(a.list) == 0 {
		return "none"
	}
	names := make([]string, len(a.list))
	for i, arg := range a.list {
		names[i] = arg.name
		if arg.required {
			names[i] += " (required)"
		}
	}
	return strings.Join(names, ", ")
}

// object reads a JSON object, also one that was sent as a JSON text.
func object(raw json.RawMessage) (map[string]json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return nil, nil
	}
	var members map[string]json.RawMessage
	err := json.Unmarshal(unquoted(raw, '{'), &members)
	return members, err
}

// unquoted returns the JSON inside a JSON text when it opens as wanted.
func unquoted(raw json.RawMessage, open byte) json.RawMessage {
	if len(raw) == 0 || raw[0] != '"' {
		return raw
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if inner := strings.TrimSpace(text); inner != "" && inner[0] == open {
			return json.RawMessage(inner)
		}
	}
	return raw
}

// set decodes one value into field and says what is wrong with it, if anything.
func (arg *argument) set(field reflect.Value, raw json.RawMessage) (fault string) {
	switch arg.kind.Kind() {
	case reflect.String:
		text, ok := asText(raw)
		if !ok {
			return arg.must("be a text", raw)
		}
		if arg.min != nil && len(strings.TrimSpace(text)) < int(*arg.min) {
			return fmt.Sprintf("%s must not be blank.", arg.name)
		}
		if arg.max != nil && len(text) > int(*arg.max) {
			return fmt.Sprintf("%s must have at most %d bytes, got %d.", arg.name, int(*arg.max), len(text))
		}
		if len(arg.enum) > 0 && !slices.Contains(arg.enum, text) {
			return arg.must("be one of "+strings.Join(arg.enum, ", "), raw)
		}
		field.SetString(text)
	case reflect.Bool:
		text, _ := asText(raw)
		value, err := strconv.ParseBool(strings.ToLower(text))
		if err != nil {
			return arg.must("be true or false", raw)
		}
		field.SetBool(value)
	case reflect.Int:
		text, _ := asText(raw)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || value != float64(int64(value)) {
			return arg.must("be a whole number", raw)
		}
		if arg.min != nil && value < *arg.min || arg.max != nil && value > *arg.max {
			return arg.must("be "+arg.span(), raw)
		}
		field.SetInt(int64(value))
	case reflect.Slice:
		if arg.kind.Elem().Kind() == reflect.Map {
			return arg.setObjects(field, raw)
		}
		list, ok := asList(raw, arg.split)
		if !ok {
			return arg.must("be a list of texts", raw)
		}
		if arg.min != nil && len(list) < int(*arg.min) || arg.max != nil && len(list) > int(*arg.max) {
			return fmt.Sprintf("%s must have %s items, got %d.", arg.name, arg.span(), len(list))
		}
		field.Set(reflect.ValueOf(list))
	case reflect.Map:
		members, err := object(raw)
		if err != nil {
			return arg.must("be a JSON object", raw)
		}
		field.Set(reflect.ValueOf(members))
	default:
		return fmt.Sprintf("%s has a type this server cannot read.", arg.name)
	}
	return ""
}

// setObjects decodes a list of objects; one object is a list of one.
func (arg *argument) setObjects(field reflect.Value, raw json.RawMessage) (fault string) {
	var items []json.RawMessage
	if json.Unmarshal(unquoted(raw, '['), &items) != nil {
		items = []json.RawMessage{raw}
	}
	list := make([]map[string]json.RawMessage, len(items))
	for i, item := range items {
		members, err := object(item)
		if err != nil {
			return arg.must("be a list of JSON objects", raw)
		}
		list[i] = members
	}
	if arg.min != nil && len(list) < int(*arg.min) || arg.max != nil && len(list) > int(*arg.max) {
		return fmt.Sprintf("%s must have %s items, got %d.", arg.name, arg.span(), len(list))
	}
	field.Set(reflect.ValueOf(list))
	return ""
}

func (arg *argument) must(be string, raw json.RawMessage) string {
	return fmt.Sprintf("%s must %s, got %s.", arg.name, be, problem.Excerpt(string(raw), 60))
}

func (arg *argument) span() string {
	switch {
	case arg.max == nil:
		return fmt.Sprintf("at least %v", *arg.min)
	case arg.min == nil:
		return fmt.Sprintf("at most %v", *arg.max)
	}
	return fmt.Sprintf("%v to %v", *arg.min, *arg.max)
}

// asText reads a JSON text, or a number or boolean as its text.
func asText(raw json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return strings.TrimSpace(text), true
	}
	var number json.Number
	var boolean bool
	if json.Unmarshal(raw, &number) == nil || json.Unmarshal(raw, &boolean) == nil {
		return string(bytes.TrimSpace(raw)), true
	}
	return "", false
}

// asList reads a list of texts; one text is a list of one, or of several when
// it may be split.
func asList(raw json.RawMessage, split string) ([]string, bool) {
	var items []json.RawMessage
	if json.Unmarshal(unquoted(raw, '['), &items) != nil {
		items = []json.RawMessage{raw}
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		text, ok := asText(item)
		if !ok {
			return nil, false
		}
		if split == "" {
			list = append(list, text)
			continue
		}
		for part := range strings.SplitSeq(text, split) {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
	}
	return list, true
}
