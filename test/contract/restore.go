package contract

import (
	"context"
	"errors"
	"fmt"
)

// restore removes what a run that was cut short left behind: the branches it
// made and what it added to the default branch and to kinds outside branches.
func (s *session) restore(ctx context.Context) error {
	var problems []error
	for _, kind := range []string{"CoreProposedChange", "OrganizationProvider", "GlobalPolicy", "CoreIPAddressPool", "CoreIPPrefixPool", "CoreNumberPool"} {
		problems = append(problems, s.remove(ctx, kind))
	}
	for _, branch := range []string{"work", "merge", "conflict"} {
		problems = append(problems, s.removeBranch(ctx, "{{"+branch+"}}"))
	}
	return errors.Join(problems...)
}

// remove deletes the nodes of a kind whose name holds that of the run.
func (s *session) remove(ctx context.Context, kind string) error {
	found, err := s.send(ctx, request{graphql: `{ ` + kind + `(name__value: "{{run}}", partial_match: true) { edges { node { id } } } }`})
	if err != nil {
		return err
	}
	edges, err := find(found.body, path{"data", kind, "edges"})
	if err != nil {
		return err
	}
	list, _ := edges.([]any)
	for _, edge := range list {
		id, err := find(edge, path{"node", "id"})
		if err != nil {
			return err
		}
		if err := s.must(ctx, request{graphql: `mutation ($id: String!) { ` + kind + `Delete(data: {id: $id}) { ok } }`, variables: vars{"id": id}}); err != nil {
			return fmt.Errorf("deleting %s: %w", kind, err)
		}
	}
	return nil
}

// removeBranch deletes a branch, if there is one of the name, without waiting
// for it.
func (s *session) removeBranch(ctx context.Context, name string) error {
	found, err := s.send(ctx, request{graphql: `{ Branch(name: "` + name + `") { id } }`})
	if err != nil {
		return err
	}
	if _, err := find(found.body, path{"data", "Branch", "0"}); err != nil {
		return nil //nolint:nilerr // there is no such branch
	}
	return s.must(ctx, request{graphql: `mutation { BranchDelete(data: {name: "` + name + `"}, wait_until_completion: false) { ok } }`})
}

// must sends a request that has to succeed.
func (s *session) must(ctx context.Context, r request) error {
	a, err := s.send(ctx, r)
	if err != nil {
		return err
	}
	problems, err := find(a.body, path{"errors"})
	if err != nil {
		return nil //nolint:nilerr // without the member there is no error
	}
	if code, err := find(problems, path{"0", "extensions", "code"}); err == nil && (code == "BRANCH_NOT_FOUND" || code == "NODE_NOT_FOUND") {
		return nil // it went by itself
	}
	return errors.New(excerpt(s.normalizer.mask(problems)))
}
