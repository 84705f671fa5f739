//go:build unix

package sandbox_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"infrahub-mcp/internal/sandbox"
)

// BenchmarkStart is the start of a sandbox with the demo data of 40 devices: the
// limit is 100 ms of CPU, all goroutines and the collector of garbage included.
func BenchmarkStart(b *testing.B) {
	before := cpu(b)
	for b.Loop() {
		if _, err := sandbox.New(sandbox.Options{Devices: 40}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// cpu is the time that the process has spent on processors.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkTenThousandDevices loads a big network, which may take 500 MB.
func BenchmarkTenThousandDevices(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		box, err := sandbox.New(sandbox.Options{Devices: 10_000})
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(box)
	}
	held := float64(after.HeapAlloc-before.HeapAlloc) / 1e6
	if held > 500 {
		b.Errorf("it holds %.0f MB", held)
	}
	b.ReportMetric(held, "heap-MB")
}

// BenchmarkOperations is what a client does most, through HTTP, on 1,000 devices.
func BenchmarkOperations(b *testing.B) {
	c := serve(b, sandbox.Options{Devices: 1000})
	made := 0
	for _, operation := range []struct {
		name string
		run  func()
	}{
		{"a list of 50", func() {
			c.query("main", `{ DcimDevice(limit: 50) { count edges { node { id display_label status { value } site { node { display_label } } } } } }`)
		}},
		{"a filter by value", func() {
			c.query("main", `{ DcimDevice(name__value: "par1-spine000") { edges { node { id } } } }`)
		}},
		{"a filter by a peer", func() {
			c.query("main", `{ DcimDevice(site__name__value: "par1", status__value: "active", limit: 10) { count edges { node { id } } } }`)
		}},
		{"a change", func() {
			made++
			c.query("main", fmt.Sprintf(`mutation { DcimDeviceUpdate(data: {hfid: ["par1-spine000"], description: {value: "%d"}}) { ok } }`, made))
		}},
		{"a branch created and deleted", func() {
			c.query("main", `mutation { BranchCreate(data: {name: "work", sync_with_git: false}) { ok } }`)
			c.query("main", `mutation { BranchDelete(data: {name: "work"}) { ok } }`)
		}},
		{"a branch created, changed, merged and deleted", func() {
			made++
			c.query("main", `mutation { BranchCreate(data: {name: "work", sync_with_git: false}) { ok } }`)
			c.query("work", fmt.Sprintf(`mutation { BuiltinTagCreate(data: {name: {value: "t%d"}}) { ok } }`, made))
			c.query("main", `mutation { BranchMerge(data: {name: "work"}) { ok } }`)
			c.query("main", `mutation { BranchDelete(data: {name: "work"}) { ok } }`)
		}},
	} {
		b.Run(operation.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				operation.run()
			}
		})
	}
}
