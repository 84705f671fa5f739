package sdl_test

import (
	"runtime"
	"testing"
)

func BenchmarkGenerate(b *testing.B) {
	m := demo(b)
	b.ReportAllocs()
	for b.Loop() {
		generate(b, m)
	}
	b.ReportMetric(retained(func() any { return generate(b, m) }), "retained-bytes")
}

func BenchmarkGenerateAndText(b *testing.B) {
	m := demo(b)
	b.ReportAllocs()
	for b.Loop() {
		b.SetBytes(int64(len(generate(b, m).Text())))
	}
}

func BenchmarkIntrospect(b *testing.B) {
	s := generate(b, demo(b))
	b.ReportAllocs()
	for b.Loop() {
		answer, err := introspect(b, s, wholeSchema, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(answer)))
	}
}

// retained returns the bytes of heap that stay in use with a value.
func retained(build func() any) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	value := build()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(value)
	return float64(after.HeapAlloc) - float64(before.HeapAlloc)
}
