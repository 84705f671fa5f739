package changes

import (
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/store"
)

// mergedSchema returns the hash of the schema that a branch and the default
// branch have together: that of the one into which schemas were loaded since
// they parted, or a joint one.
func mergedSchema(c *gql.Call, b, main store.Branch) (string, error) {
	parted := diffsOf(c, b).Schema
	switch {
	case b.SchemaHash == main.SchemaHash || b.SchemaHash == parted:
		return main.SchemaHash, nil
	case parted == "" || main.SchemaHash == parted:
		return b.SchemaHash, nil
	default:
		hash, err := c.Base.JoinSchemas(b.Name, main.Name)
		if err != nil {
			return "", fault.Invalid("%s", err)
		}
		return hash, nil
	}
}

// rebaseSchema gives a rebased branch its schema.
func rebaseSchema(c *gql.Call, b store.Branch, schema string) error {
	if _, err := c.Base.Store.EditBranch(b.Name, store.BranchEdit{SchemaHash: &schema}); err != nil {
		return err
	}
	return keepSchema(c, defaultBranch(c), b)
}

// keepSchema notes that a branch starts from the schema that another one has.
func keepSchema(c *gql.Call, from, b store.Branch) error {
	return editRecord(c, b, func(r *record) { r.Schema = from.SchemaHash })
}
