package tool

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
	}
}
