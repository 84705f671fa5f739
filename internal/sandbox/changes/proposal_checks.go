package changes

import (
	"context"
	"fmt"
	"time"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/store"
)

// pipeline checks a proposed change: it compares its branch, and writes what
// came out as validators with checks. The data of the branch is sound when
// nothing contradicts the default branch, and so is its schema when all would
// still be unique that must be.
func (o operations) pipeline(c *gql.Call, n *nodes.Node, b store.Branch) error {
	if err := keepDiff(c, b, keptDiff{}); err != nil {
		return err
	}
	x, err := compare(c, b, keptDiff{})
	if err != nil {
		return err
	}
	related := []*nodes.Node{n}
	err = c.Base.Write(defaultBranch(c).Name, nodes.SystemAccount, func(w *nodes.Writer) error {
		checks := make([]failure, len(x.diff.Conflicts))
		for i, conflict := range x.diff.Conflicts {
			checks[i] = x.failure(conflict)
		}
		if err := validate(w, n.ID, "CoreDataValidator", "Data Integrity", "CoreDataCheck", checks); err != nil {
			return err
		}
		if len(x.diff.Nodes) == 0 {
			return nil
		}
		return validate(w, n.ID, "CoreSchemaValidator", "Schema Integrity", "CoreSchemaCheck", x.violations())
	})
	if err != nil {
		return fmt.Errorf("checking a proposed change: %w", err)
	}
	for _, t := range []Task{
		{Title: "Triggers data integrity check", Workflow: "proposed-changed-data-integrity"},
		{Title: "Process schema integrity", Workflow: "proposed-changed-schema-integrity"},
	} {
		t.Branch, t.Related, t.Account = b.Name, related, c.Caller.ID
		o.record(t)
	}
	return nil
}

// runCheck answers CoreProposedChangeRunCheck. Whatever type of check is asked
// for, all are run.
func (o operations) runCheck(_ context.Context, c *gql.Call, f exec.Field) (any, error) {
	n, err := proposal(c, text(input(f), "id"))
	if err != nil {
		return nil, err
	}
	if n.Text("state") != stateOpen {
		return nil, fault.Invalid("Unable to trigger check on proposed changes that aren't in the open state")
	}
	b, err := c.Base.Store.Branch(n.Text("source_branch"))
	if err != nil {
		return nil, fault.Invalid("The specified source branch for this proposed change was not found.")
	}
	if err := o.pipeline(c, n, b); err != nil {
		return nil, err
	}
	return done(), nil
}

// failure is a check that failed.
type failure struct {
	label, conflictID, keep string
	conflict                map[string]any
}

// failure tells of a conflict as a check does.
func (x *comparison) failure(conflict store.Conflict) failure {
	id, path := conflictID(x.branch, conflict.Place), x.path(conflict)
	details := x.describe(conflict)
	name, subject, property := "", "node", any(nil)
	if r := relationshipIn(conflict.Kind, conflict.Role, x.after.Model, x.base.Model); r != nil {
		name, subject = r.Name, "relationship_one"
		if r.Many() {
			subject = "relationship_many"
		}
	}
	if conflict.Attribute != "" {
		name, subject = conflict.Attribute, "attribute"
	}
	change := subject
	switch conflict.Property {
	case "":
	case store.PropertyValue, store.PropertyRelated:
		change += "_value"
	default:
		change += "_property"
	}
	if conflict.Attribute != "" || conflict.Peer != "" {
		property = string(conflict.Property)
	}
	side := func(branch, prefix string) map[string]any {
		return map[string]any{
			"branch": branch, "action": details[prefix+"_branch_action"], "previous": nil, "new": details[prefix+"_branch_value"],
		}
	}
	return failure{
		label: fmt.Sprintf("%s (%s)", name, conflict.Node), conflictID: id, keep: keepBranch(x.choices[id]),
		conflict: map[string]any{
			"name": name, "type": "data", "kind": conflict.Kind, "id": conflict.Node, "conflict_id": id,
			"path": path, "conflict_path": path, "path_type": subject, "property_name": property, "change_type": change,
			"changes": []any{side(x.base.View.Branch(), "base"), side(x.branch.Name, "diff")},
		},
	}
}

// keepBranch is how a check tells which side of its conflict was chosen.
func keepBranch(choice string) string {
	switch choice {
	case baseBranch:
		return "target"
	case diffBranch:
		return "source"
	default:
		return ""
	}
}

// validate makes the validator of a kind for a proposed change, or has it start
// anew.
func validate(w *nodes.Writer, proposal, kind, label, checkKind string, failed []failure) error {
	conclusion := "success"
	if len(failed) > 0 {
		conclusion = "failure"
	}
	now := zulu(time.Now())
	data := map[string]any{
		"label": value(label), "state": value("completed"), "conclusion": value(conclusion),
		"started_at": value(now), "completed_at": value(now),
	}
	validator, err := validatorOf(w, proposal, kind)
	if err != nil {
		return err
	}
	k, err := w.Model.Lookup(kind)
	if err != nil {
		return err
	}
	if validator == nil {
		data["proposed_change"] = map[string]any{"id": proposal}
		validator, err = w.Create(k, data)
	} else {
		data["id"] = validator.ID
		if err = removeChecks(w, validator); err == nil {
			validator, err = w.Update(k, data)
		}
	}
	if err != nil {
		return err
	}
	return addChecks(w, validator, checkKind, failed)
}

func validatorOf(w *nodes.Writer, proposal, kind string) (*nodes.Node, error) {
	n := w.Node(proposal)
	if n == nil {
		return nil, fault.NoNode(proposal, proposalKind)
	}
	for _, validator := range n.Related("validations") {
		if validator.Kind == kind {
			return validator, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none yet
}

func removeChecks(w *nodes.Writer, validator *nodes.Node) error {
	for _, check := range validator.Related("checks") {
		if _, err := w.Delete(check.Schema, map[string]any{"id": check.ID}); err != nil {
			return err
		}
	}
	return nil
}

// addChecks adds a check for each that failed, or one that says that none did.
func addChecks(w *nodes.Writer, validator *nodes.Node, kind string, failed []failure) error {
	k, err := w.Model.Lookup(kind)
	if err != nil {
		return err
	}
	base := func(label, conclusion, severity string, conflicts []any) map[string]any {
		return map[string]any{
			"label": value(label), "origin": value("internal"), "kind": value("DataIntegrity"),
			"conclusion": value(conclusion), "severity": value(severity), "conflicts": value(conflicts),
			"validator": map[string]any{"id": validator.ID},
		}
	}
	if len(failed) == 0 {
		_, err := w.Create(k, base("Data Conflict", "success", "info", []any{}))
		return err
	}
	for _, c := range failed {
		data := base(c.label, "failure", "critical", []any{c.conflict})
		if c.conflictID != "" {
			data["enriched_conflict_id"] = value(c.conflictID)
		}
		if c.keep != "" {
			data["keep_branch"] = value(c.keep)
		}
		if _, err := w.Create(k, data); err != nil {
			return err
		}
	}
	return nil
}

func value(v any) map[string]any { return map[string]any{"value": v} }

// settleChecks notes in the checks of a conflict which side was chosen.
func settleChecks(c *gql.Call, conflict, choice string) error {
	g, err := current(c)
	if err != nil {
		return err
	}
	k, err := g.Model.Lookup("CoreDataCheck")
	if err != nil {
		return err
	}
	checks := g.Having(k, "enriched_conflict_id", conflict)
	if len(checks) == 0 {
		return nil
	}
	return c.Base.Write(defaultBranch(c).Name, nodes.SystemAccount, func(w *nodes.Writer) error {
		for _, check := range checks {
			var keep any
			if side := keepBranch(choice); side != "" {
				keep = side
			}
			if err := w.SetAttribute(check, "keep_branch", keep); err != nil {
				return err
			}
		}
		return nil
	})
}
