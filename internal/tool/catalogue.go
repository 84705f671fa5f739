package tool

import "slices"

// Catalogue returns every tool, in the order in which they are described;
// tools/list sorts them by name.
func Catalogue() []Tool {
	return []Tool{
		getSchema(),
		getNodes(),
		searchNodes(),
		queryGraphQL(),
		findPaths(),
		findReachable(),
		getSessionInfo(),
		getBranchDiff(),
		nodeUpsert(),
		nodeDelete(),
		mutateGraphQL(),
		proposeChanges(),
		resetSessionBranch(),
	}
}

// Offered returns those of the tools that a server offers: on a read-only one
// nothing that writes.
func Offered(tools []Tool, readOnly bool) []Tool {
	if !readOnly {
		return tools
	}
	return slices.DeleteFunc(slices.Clone(tools), func(t Tool) bool { return t.Access != Read })
}
