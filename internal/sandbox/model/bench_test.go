package model

import (
	"encoding/json"
	"testing"
)

// What a start of the sandbox costs: the built-in kinds and the demo model.
func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		demoModel(b)
	}
}

func BenchmarkCore(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Core(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseDemo(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Demo(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadExtension(b *testing.B) {
	m := demoModel(b)
	documents, err := Parse([]byte(`{version: "1.0", extensions: {nodes: [
		{kind: DcimDevice, attributes: [{name: asset_tag, kind: Text, optional: true}]}]}}`))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := m.Load(documents...); err != nil {
			b.Fatal(err)
		}
	}
}

// The body of GET /api/schema, 700 kB.
func BenchmarkEncodeAPI(b *testing.B) {
	m := demoModel(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(m.API()); err != nil {
			b.Fatal(err)
		}
	}
}
