package mcptest

import (
	"net"
	"testing"
)

func TestAFreeAddressIsGivenOnce(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		address, err := FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		if seen[address] {
			t.Errorf("%s was given twice", address)
		}
		seen[address] = true
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Errorf("nobody can listen there: %v", err)
			continue
		}
		t.Cleanup(func() { _ = listener.Close() })
	}
}
