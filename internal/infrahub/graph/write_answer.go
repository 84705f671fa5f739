package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/infrahub"
	"infrahub-mcp/internal/infrahub/schema"
	"infrahub-mcp/internal/problem"
)

// Result is what became of one Input.
type Result struct {
	ID           string
	HFID         []string
	DisplayLabel string
	// Kind is the name of the node's kind.
	Kind string
	// Err is nil when the node was written. It is a *problem.Problem where the
	// data is at fault, else an *infrahub.Error.
	Err error
}

// Results reads the answer to Upsert: data and err as the client returned them.
// Without data nothing is known of the single inputs, and the error is err.
func Results(k *schema.Kind, inputs []Input, data json.RawMessage, err error) ([]Result, error) {
	var whole *infrahub.Error
	if err != nil && (isNull(data) || !errors.As(err, &whole)) {
		if errors.As(err, &whole) {
			return nil, withoutSecrets(inputs, whole)
		}
		return nil, err
	}
	var answer map[string]*struct {
		OK     bool `json:"ok"`
		Object struct {
			ID           string   `json:"id"`
			HFID         []string `json:"hfid"`
			DisplayLabel string   `json:"display_label"`
			Kind         string   `json:"__typename"`
		} `json:"object"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("reading what was written of %s: %w", k.Name, err)
	}
	results := make([]Result, len(inputs))
	for i, in := range inputs {
		if written := answer[alias(i)]; written != nil && written.OK {
			o := written.Object
			results[i] = Result{ID: o.ID, HFID: o.HFID, DisplayLabel: o.DisplayLabel, Kind: o.Kind}
			continue
		}
		results[i].Err = failure(k, in, i, whole)
	}
	return results, nil
}

// Deleted reads the answer to Delete: data and err as the client returned them.
func Deleted(data json.RawMessage, err error) error {
	if err != nil {
		return err
	}
	var answer map[string]*struct {
		OK bool `json:"ok"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("reading what was deleted: %w", err)
	}
	if deleted := answer[alias(0)]; deleted == nil || !deleted.OK {
		return errors.New("infrahub did not delete the node and gives no reason")
	}
	return nil
}

// failure returns why an input was not written. whole is the error of all of
// them, nil when Infrahub reports none.
func failure(k *schema.Kind, in Input, i int, whole *infrahub.Error) error {
	if whole == nil {
		return &infrahub.Error{Kind: infrahub.ServerFault, Message: "Infrahub did not write the node and gives no reason."}
	}
	var own []infrahub.Fault
	for _, fault := range whole.Details {
		if len(fault.Path) > 0 && fault.Path[0] == alias(i) {
			own = append(own, in.mask(fault))
		}
	}
	if len(own) == 0 {
		// It has no place, or there are more faults than are kept.
		return withoutSecrets([]Input{in}, whole)
	}
	var missing []string
	var problems []*problem.Problem
	for _, fault := range own {
		p, name := explained(k, fault)
		switch {
		case name != "":
			missing = append(missing, name)
		case p != nil:
			problems = append(problems, p)
		default:
			return single(whole, own)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		problems = append(problems, problem.New(
			fmt.Sprintf("There is no such %s yet, and a new one needs %s.", k.Name, strings.Join(slices.Compact(missing), ", ")),
			"Add what is missing, or correct the hfid if a node that exists was meant."))
	}
	if len(problems) == 1 {
		return problems[0]
	}
	return problem.New(sentences(problems), "")
}

// explained returns the problem of a fault that the data is to blame for, or the
// name of the mandatory field that is missing. Both are zero for other faults.
func explained(k *schema.Kind, fault infrahub.Fault) (p *problem.Problem, missing string) {
	what := problem.Excerpt(strings.TrimSuffix(fault.Message, "."), 300) + "."
	switch fault.Code {
	case "ATTRIBUTE_REQUIRED":
		if name := fieldOf(fault); name != "" {
			return nil, name
		}
		return problem.New(what, ""), ""
	case "ATTRIBUTE_INVALID_TYPE", "ATTRIBUTE_CONSTRAINT_VIOLATION":
		return problem.New(what, ""), ""
	case "NODE_NOT_FOUND":
		return problem.New(what, "Check the id or hfid with get_nodes, on the same branch."), ""
	}
	if _, constraint, ok := strings.Cut(fault.Message, "Violates uniqueness constraint"); ok {
		constraint = strings.Trim(constraint, " '.")
		return problem.New(fmt.Sprintf("Another %s has the same %s, which must be unique.", k.Name, constraint),
			"Find it with get_nodes. Having no value counts as a value: two nodes cannot both be without one."), ""
	}
	return nil, ""
}

// fieldOf returns the name of the attribute or relationship that a fault is
// about, "" when it is about none.
func fieldOf(fault infrahub.Fault) string {
	if name, ok := fault.Data["field_name"].(string); ok {
		return name
	}
	if len(fault.Path) > 2 && fault.Path[1] == "data" {
		return fault.Path[2]
	}
	return ""
}

// single returns the error of one input of several. Its kind is that of the
// whole where the two have the same code.
func single(whole *infrahub.Error, own []infrahub.Fault) error {
	e := &infrahub.Error{
		Kind: infrahub.Unclassified, HTTPStatus: whole.HTTPStatus, Code: own[0].Code, Path: own[0].Path,
		Details: own, RetryAfter: whole.RetryAfter, RequestID: whole.RequestID,
	}
	texts := make([]string, 0, len(own))
	for _, fault := range own {
		texts = append(texts, strings.TrimSuffix(fault.Message, ".")+".")
		if fault.Code == whole.Code {
			e.Kind = whole.Kind
		}
	}
	e.Message = problem.Excerpt(strings.Join(texts, " "), 1000)
	return e
}

// withoutSecrets returns the error of several inputs without what they hold of secrets.
func withoutSecrets(inputs []Input, whole *infrahub.Error) error {
	copied := *whole
	copied.Details = slices.Clone(whole.Details)
	for _, in := range inputs {
		for i := range copied.Details {
			copied.Details[i] = in.mask(copied.Details[i])
		}
		copied.Message = in.mask(infrahub.Fault{Message: copied.Message}).Message
	}
	return &copied
}

// mask takes the values of secrets out of a fault: Infrahub repeats a value that
// it refuses. A message about a secret attribute is not kept at all, as it may
// hold a part of the value.
func (in Input) mask(fault infrahub.Fault) infrahub.Fault {
	for name, value := range in.secrets {
		if fieldOf(fault) == name || strings.Contains(fault.Message, name) {
			fault.Message, fault.Data = fmt.Sprintf("Infrahub refuses the value of %s.", name), nil
			continue
		}
		if value != "" && strings.Contains(fault.Message, value) {
			fault.Message, fault.Data = strings.ReplaceAll(fault.Message, value, Masked), nil
		}
	}
	return fault
}
