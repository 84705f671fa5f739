package tool

// Catalogue returns every tool, in the order in which clients see them.
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
