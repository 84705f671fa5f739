package contract

import (
	"fmt"
	"slices"
	"strings"
)

// differences are those between the sandbox and a real Infrahub that are
// accepted: what is left out on purpose, and what is an accident of the real
// one that no client can rely on. docs/sandbox.md lists them.
func differences() []Difference {
	const (
		texts = "The sandbox gives the descriptions of the schemas that were loaded, but has none of those that Infrahub gives to its own kinds, types, directives and arguments."
		order = "JSON values have no order of members: Infrahub gives that in which they were written, the sandbox the alphabetical one."
		hfid  = "Of the human-friendly id of a peer, or of the account that made a change, Infrahub leaves out the parts that the query does not ask for elsewhere. The sandbox gives it whole."
		twice = "Where a field is selected twice, Infrahub answers null for a display label that only the first selection asks for. The sandbox gives it."
		crash = "Infrahub answers 500 without a GraphQL body. The sandbox answers the document, or says what is wrong with it."
	)
	of := func(reason, group, request string, paths ...string) []Difference {
		var list []Difference
		for _, path := range paths {
			list = append(list, Difference{Group: group, Request: request, Path: path, Reason: reason})
		}
		return list
	}
	return slices.Concat(
		of(texts, "schema", "", "description", "attributes.*.description", "attributes.*.choices.*.description"),
		of(texts, "schema", "the GraphQL schema", "*.description", "*.descriptions.hfid", "*.descriptions.id", "*.descriptions.updated_at",
			"MacAddress.descriptions", "OrderInput.descriptions", "OrganizationProvider.descriptions"),
		of(texts, "loads", "the new kind in the GraphQL schema of the branch", "ContractThing.descriptions"),
		of(texts, "introspection", "", "data.__schema.directives.*.description", "data.__type.description",
			"data.__type.fields.*.description", "data.__type.inputFields.*.description", "data.__type.fields.*.deprecationReason"),
		of(order, "shapes", "the attributes of a device", "data.DcimDevice.edges.*.node.facts.value"),
		of(order, "tools", "everything of devices", "data.DcimDevice.edges.*.node.facts.value"),
		of(order, "queries", "a query is stored", "data.CoreGraphQLQueryCreate.object.variables.value.*"),
		of(order, "queries", "the list of queries", "data.CoreGraphQLQuery.edges.*.node.variables.value.*"),
		of(hfid, "shapes", "components with their human-friendly ids", "data.DcimDevice.edges.*.node.interfaces.edges.*.node.hfid"),
		of(hfid, "shapes", "metadata of a node", "data.DcimDevice.edges.*.node_metadata.created_by.hfid"),
		of(twice, "shapes", "the same field twice", "data.DcimDevice.edges.*.node.display_label"),
		of(crash, "shapes", "a fragment without a type", ""),
		of(crash, "mistakes", "a fragment that holds itself", ""),
	)
}

// listed writes differences in Markdown: each reason once, in the order of their
// first mention, with the requests and the places below it.
func listed(differences []Difference) string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, d := range differences {
		if seen[d.Reason] {
			continue
		}
		seen[d.Reason] = true
		fmt.Fprintf(&b, "- %s\n", d.Reason)
		var last string
		for _, other := range differences {
			if other.Reason != d.Reason {
				continue
			}
			if where := other.where(); where != last {
				last = where
				if other.Request == "" {
					where += ", every request"
				}
				fmt.Fprintf(&b, "  - %s\n", where)
			}
			if other.Path != "" {
				fmt.Fprintf(&b, "    - `%s`\n", other.Path)
			}
		}
	}
	return b.String()
}
