package nodes

import (
	"testing"
)

func TestTemplatesRenderAsInPython(t *testing.T) {
	values := map[string]any{
		"name__value": "par1", "none__value": nil, "number__value": int64(7), "half__value": 2.5, "whole__value": 2.0,
		"yes__value": true, "list__value": []any{"a", int64(1), nil, true}, "decision__value": int64(6), "action__value": "create",
		"line__value": "x\n",
	}
	for _, test := range []struct{ name, template, want string }{
		{"a path", "{{ name__value }}.net", "par1.net"},
		{"several paths", "{{name__value}} ({{ number__value }})", "par1 (7)"},
		{"no path", "plain", "plain"},
		{"braces that are none", "{x} {", "{x} {"},
		{"a value that is not there", "{{ none__value }}", "None"},
		{"a boolean", "{{ yes__value }}", "True"},
		{"floats", "{{ half__value }} {{ whole__value }}", "2.5 2.0"},
		{"a list", "{{ list__value }}", "['a', 1, None, True]"},
		{"a line break at the end", "{{ name__value }}\n", "par1"},
		{"a line break at the end of a value", "{{ line__value }}", "x\n"},
		{"a filter", "{{ name__value | upper }}", "PAR1"},
		{"a filter of numbers", "{{ number__value + 1 }}", "8"},
		{"nothing beside a filter", "{{ name__value|upper }} {{ none__value }} {{ yes__value }}", "PAR1 None True"},
		{"a condition", "{% if yes__value %}{{ name__value }}{% else %}no{% endif %}", "par1"},
		{"a condition on what is not there", "{% if none__value %}some{% else %}none{% endif %}", "none"},
		{"a default for what is not there", "{{ none__value or 'x' }}", "x"},
		{"a default that None keeps away", "{{ none__value | default('x') }} {{ none__value | default('x', true) }}", "None x"},
		{"a filter of what is not there", "{{ none__value | upper }}", "NONE"},
		{"a choice", "{{ name__value if number__value > 3 else 'few' }}", "par1"},
		{"the other choice", "{{ 'many' if number__value > 9 else name__value | upper }}", "PAR1"},
		{"a choice of nothing", "[{{ 'many' if number__value > 9 }}]", "[]"},
		{"words of a choice in a text", "{{ 'a if b else c' | upper }}", "A IF B ELSE C"},
		{"a comparison with None", "{{ name__value == none }} {{ none__value is none }}", "False True"},
		{"methods", "{{ name__value.upper() }} {{ '%03d' | format(number__value) }}", "PAR1 007"},
		{"a loop", "{% for x in list__value %}{{ x }};{% endfor %}", "a;1;None;True;"},
		{"a variable of its own", "{% set x = name__value ~ '-' ~ number__value %}{{ x }}", "par1-7"},
		{"a comment", "a{# {{ name__value }} #}b", "ab"},
		{"space that is cut", "a {{- name__value -}} b", "apar1b"},
		{"quotes with braces", "{{ '}}' }}{{ name__value }}", "}}par1"},
		{"permissions", "object:{{ action__value | value_to_permission_action_name | lower }}:{{ decision__value | value_to_permission_decision_name | lower }}", "object:create:allow_all"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := render(test.template, func(path string) any { return values[path] })
			if err != nil || got != test.want {
				t.Errorf("got %q and %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestTemplatesReachNothingElse(t *testing.T) {
	for _, template := range []string{
		`{% include "/etc/hostname" %}`, `{% extends "/etc/hostname" %}`, `{% import "/etc/hostname" as x %}`,
		`{% include "template" %}`, "{{ name__value", "{{ name__value | nope }}", "{% if %}",
		"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ range(9) }}",
		"{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
	} {
		if got, err := render(template, func(string) any { return "x" }); err == nil {
			t.Errorf("%s gives %q", template, got)
		}
	}
}

func BenchmarkTemplates(b *testing.B) {
	at := func(string) any { return "create" }
	for _, test := range []struct{ name, template string }{
		{"paths", "{{ name__value }} ({{ vlan_id__value }})"},
		{"filters", "object:{{ namespace__value }}:{{ name__value }}:{{ action__value | upper | lower }}"},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := render(test.template, at); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzTemplates(f *testing.F) {
	for _, seed := range []string{
		"{{ name__value }}", "{{ name__value | upper }} {# x #}", "{% if a %}{{ b }}{% endif %}", "{% for x in y %}{{ x }}{% endfor %}",
		"{{ 'a' if b else 'c' }}", "{{- a -}}", "{{ {'a': [1]}['a'][0] }}", "{% set x = 1 %}{{ x + 2 ** 3 }}", "{{ '}}' }}{", "{{", "{%", "{{ a.b.c() }}", "{{ 1 % 0 }}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, template string) {
		if len(template) > 200 {
			return
		}
		if text, err := render(template, func(string) any { return "x" }); err != nil && text != "" {
			t.Errorf("%q gives %q and %v", template, text, err)
		}
	})
}
