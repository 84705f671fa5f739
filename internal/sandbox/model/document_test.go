package model

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseReadsYAMLAndJSON(t *testing.T) {
	for name, text := range map[string]string{
		"YAML": "version: '1.0'\nnodes:\n- name: Thing\n  namespace: Lab\n  generate_profile: no\n" +
			"  attributes:\n  - {name: when, kind: DateTime, default_value: 2026-01-02T03:04:05Z}\n" +
			"  - {name: size, kind: Number, default_value: 7, order_weight: 1_500}\n",
		"JSON": `{"version": "1.0", "nodes": [{"name": "Thing", "namespace": "Lab", "generate_profile": false,
			"attributes": [{"name": "when", "kind": "DateTime", "default_value": "2026-01-02T03:04:05Z"},
				{"name": "size", "kind": "Number", "default_value": 7, "order_weight": 1500}]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			m := load(t, demoModel(t), text)
			k := m.Kind("LabThing")
			if k == nil || k.GenerateProfile || m.Kind("ProfileLabThing") != nil {
				t.Fatalf("LabThing: %+v", k)
			}
			if got := k.Attribute("when").Default; got != "2026-01-02T03:04:05Z" {
				t.Errorf("when: %v", got)
			}
			if size := k.Attribute("size"); size.Default != int64(7) || size.OrderWeight != 1500 {
				t.Errorf("size: %+v", size)
			}
		})
	}
}

func TestParseReadsSeveralDocuments(t *testing.T) {
	documents, err := Parse([]byte("---\nversion: '1.0'\n---\n---\nversion: '1.0'\nnodes: []\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(documents) != 2 {
		t.Errorf("%d documents, want 2", len(documents))
	}
}

func TestParseTellsWhereADocumentIsWrong(t *testing.T) {
	_, err := Parse([]byte(`{version: "1.0", nodes: [{name: Thing, namespace: lab, attributes: [{name: name, kind: Nope}]}]}`))
	if _, ok := errors.AsType[*FormatError](err); !ok {
		t.Fatalf("error %v, want a *FormatError", err)
	}
	for _, part := range []string{
		"nodes[0].namespace: String should match pattern", "nodes[0].attributes[0]: Input tag 'Nope' found",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %q", part, err)
		}
	}
	_, err = Parse([]byte("nodes: [\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "reading a schema document: ") {
		t.Errorf("YAML that does not end: %v", err)
	}
}

func TestBodiesThatAreNoJSONAreRefusedAsSuch(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "half": `{"schemas": [`, "text": "schemas", "more behind it": `{"schemas": []} {}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRequest([]byte(body))
			format, ok := errors.AsType[*FormatError](err)
			if !ok || len(format.Details) != 1 {
				t.Fatalf("error %v, want a *FormatError", err)
			}
			if detail := format.Details[0]; detail.Type != "json_invalid" || detail.Msg != "JSON decode error" || detail.Loc[0] != "body" {
				t.Errorf("%+v", detail)
			}
		})
	}
}

func TestVariablesOfTemplates(t *testing.T) {
	for template, want := range map[string][]string{
		"":                                   nil,
		"name":                               nil,
		"{":                                  nil,
		"{{ name__value }}":                  {"name__value"},
		"AS{{asn__value}} {{ name__value }}": {"asn__value", "name__value"},
		"{{ name__value }}{{ name__value }}": {"name__value"},
		"{{ name__value|upper|replace('a', \"}}\") }}":                      {"name__value"},
		"{{ name__value.upper() ~ site__name__value[1] }}":                  {"name__value", "site__name__value"},
		"{{ 'it\\'s' if a__value == b__value and not c__value else none }}": {"a__value", "b__value", "c__value"},
		"{{ f(x=a__value) }}":                                                     {"f", "a__value"},
		"{{ a__value is not none and b__value is defined }}":                      {"a__value", "b__value"},
		"{% if a__value %}{{ b__value }}{% else %}x{% endif %}":                   {"a__value", "b__value"},
		"{%- for x, y in a__value.items() -%}{{ x }}{{ loop.index }}{% endfor %}": {"a__value"},
		"{% set x = a__value|lower %}{{ x }}":                                     {"a__value"},
		"{# {{ a__value }} #}{{ b__value }}":                                      {"b__value"},
	} {
		got, err := Variables(template)
		if err != nil {
			t.Errorf("%s: %v", template, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", template, diff)
		}
	}
}

func TestTemplatesThatEndTooEarlyAreRefused(t *testing.T) {
	for template, want := range map[string]string{
		"{{ name__value":     "unexpected end of template, expected 'end of print statement'.",
		"{{ 'name__value }}": "unexpected end of template, expected 'end of print statement'.",
		"{% if name__value":  "unexpected end of template, expected 'end of statement block'.",
		"{# name":            "Missing end of comment tag",
	} {
		if _, err := Variables(template); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", template, err, want)
		}
	}
}

// Whatever is read is refused as Infrahub would or loaded, and never more than
// that.
func FuzzLoad(f *testing.F) {
	m := demoModel(f)
	demo := string(demoDocument)
	f.Add(demo)
	for _, seed := range []string{
		`{version: "1.0", nodes: [{name: Thing, namespace: Lab, inherit_from: [DcimInterface], parent: "", children: LabThing}]}`,
		`{version: "1.0", generics: [{name: Thing, namespace: Lab, hierarchical: true, order_by: [parent__name__value]}]}`,
		`{version: "1.0", nodes: [{name: Device, namespace: Dcim, state: absent, generate_template: true}]}`,
		`{version: "1.0", extensions: {nodes: [{kind: DcimDevice, attributes: [{name: serial, kind: List, enum: [[1]], default_value: [1]}]}]}}`,
		`{version: "1.0", nodes: [{name: Loop, namespace: Lab, relationships: [{name: loops, peer: LabLoop, kind: Component}]}]}`,
		`{version: "1.0", nodes: [{name: Thing, namespace: Lab, display_label: "{{ a.b|c(d='e') }}", uniqueness_constraints: [[]], human_friendly_id: [""]}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		documents, err := Parse([]byte(text))
		if err != nil || len(documents) == 0 {
			return
		}
		changed, _, err := m.Load(documents...)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("an error of another type: %v", err)
			}
			return
		}
		// What was accepted changes nothing more when it is loaded again.
		again, loaded, err := changed.Load(documents...)
		if err != nil {
			t.Fatalf("refused the second time: %v", err)
		}
		if again != changed {
			t.Fatalf("changed the second time: %s", encode(t, loaded.Diff))
		}
		encode(t, changed.API())
	})
}

func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		`{"schemas": [{"version": "1.0", "nodes": [{"name": "Thing", "namespace": "Lab"}]}]}`,
		`{"schemas": [{"version": 1, "nodes": [{"attributes": [{"kind": "Dropdown", "choices": [{}]}]}]}]}`,
		`{"schemas": [null]}`, `[]`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := ParseRequest(body)
		if format, ok := errors.AsType[*FormatError](err); err != nil && (!ok || len(format.Details) == 0 || format.Error() == "") {
			t.Fatalf("error %v, want a *FormatError", err)
		} else if ok {
			encode(t, format)
		}
	})
}

func FuzzVariables(f *testing.F) {
	f.Add("{{ name__value|upper }}{% if a %}{# b #}{% endif %}")
	f.Add("{{ 'a\\' ~ \"b\" }}{%- set x = y -%}")
	f.Fuzz(func(t *testing.T, template string) {
		variables, err := Variables(template)
		if err != nil {
			return
		}
		for _, variable := range variables {
			if !strings.Contains(template, variable) || !isName(variable) {
				t.Fatalf("%q is no name in %q", variable, template)
			}
		}
	})
}
