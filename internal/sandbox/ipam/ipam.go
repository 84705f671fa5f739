// Package ipam looks after the addresses, prefixes and pools of a sandbox: where
// in its namespace each prefix and address belongs, which are free, and what
// pools hand out.
package ipam

import (
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
)

// Rule keeps prefixes and addresses in their places and hands out what pools
// have. It is a nodes.Rule, a nodes.Preparer and a nodes.Deriver, and safe for
// concurrent use.
type Rule struct {
	base *nodes.Base
}

// New returns the Rule for the nodes of a base.
func New(base *nodes.Base) *Rule { return &Rule{base} }

// Queries are the fields of the type Query that this package answers.
func Queries(r *Rule) gql.Fields {
	return gql.Fields{
		"InfrahubIPAddressGetNextAvailable": nextAddress,
		"InfrahubIPPrefixGetNextAvailable":  nextPrefix,
		"InfrahubResourcePoolAllocated":     r.allocated,
		"InfrahubResourcePoolUtilization":   r.utilization,
	}
}

// Mutations are the fields of the type Mutation that this package answers.
func Mutations(r *Rule) gql.Fields {
	return gql.Fields{
		"InfrahubIPAddressPoolGetResource": r.getResource(addressPool),
		"InfrahubIPPrefixPoolGetResource":  r.getResource(prefixPool),
		"CoreNumberPoolCreate":             checkedNumberPool("Create", checkNewNumberPool),
		"CoreNumberPoolUpsert":             checkedNumberPool("Upsert", checkUpsertedNumberPool),
		"CoreNumberPoolUpdate":             checkedNumberPool("Update", checkChangedNumberPool),
	}
}

// The kinds that this package knows.
const (
	prefixKind    = "BuiltinIPPrefix"
	addressKind   = "BuiltinIPAddress"
	namespaceKind = "BuiltinIPNamespace"

	anyPool     = "CoreResourcePool"
	addressPool = "CoreIPAddressPool"
	prefixPool  = "CoreIPPrefixPool"
	numberPool  = "CoreNumberPool"
)

var (
	_ nodes.Rule     = (*Rule)(nil)
	_ nodes.Preparer = (*Rule)(nil)
	_ nodes.Deriver  = (*Rule)(nil)
)
