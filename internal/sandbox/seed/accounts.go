package seed

import (
	"fmt"
	"slices"

	"infrahub-mcp/internal/sandbox/nodes"
)

// Account is an account of the sandbox.
type Account struct {
	Name, Label string
	// Password is stored as its hash, Token as it is.
	Password, Token string
	// Group is the group of accounts that gives it its permissions.
	Group string
}

// Accounts are those of every sandbox. They guard nothing but made-up data, so
// their passwords and tokens are public; those of admin are the ones that
// Infrahub itself documents for a first start.
func Accounts() []Account {
	//nolint:gosec // G101: public on purpose
	return []Account{
		{Name: "admin", Label: "Admin", Password: "infrahub", Token: "06438eb2-8019-4776-878c-0941b1f1d1ec", Group: "Super Administrators"},
		{Name: "agent", Label: "Agent", Password: "agent", Token: "44af444d-3b26-410d-9546-b758657e026c", Group: "Super Administrators"},
		{Name: "engineer", Label: "Engineer", Password: "engineer", Token: "18a0f0e5-1d2c-4f6b-9d5e-7c3b1a2f4e60", Group: "engineers"},
		{Name: "reader", Label: "Reader", Password: "reader", Token: "18a0f0e5-1d2c-4f6b-9d5e-7c3b1a2f4e61", Group: "readers"},
	}
}

// AddAccounts adds accounts with their tokens, and two groups: readers, who may
// view everything, and engineers, who may also change data on branches. It
// returns the id of the first account.
func AddAccounts(base *nodes.Base, accounts []Account) (first string, err error) {
	err = base.Write(defaultBranch, nodes.SystemAccount, func(w *nodes.Writer) error {
		view := reference("CoreObjectPermission", "*", "*", "view", "6")
		others := reference("CoreObjectPermission", "*", "*", "any", "4")
		for _, g := range []struct {
			role, group, label string
			permissions        []any
		}{
			{"reader", "readers", "Readers", []any{view}},
			{"engineer", "engineers", "Engineers", []any{view, others}},
		} {
			if _, err := create(w, "CoreAccountRole", with(values("name", g.role), "permissions", g.permissions)); err != nil {
				return fmt.Errorf("adding accounts: %w", err)
			}
			role := []any{reference("CoreAccountRole", g.role)}
			if _, err := create(w, "CoreAccountGroup", with(values("name", g.group, "label", g.label), "roles", role)); err != nil {
				return fmt.Errorf("adding accounts: %w", err)
			}
		}
		for _, a := range accounts {
			id, err := addAccount(w, a)
			if err != nil {
				return fmt.Errorf("adding the account %s: %w", a.Name, err)
			}
			if first == "" {
				first = id
			}
		}
		return nil
	})
	return first, err
}

func addAccount(w *nodes.Writer, a Account) (id string, err error) {
	group := []any{reference("CoreAccountGroup", a.Group)}
	account, err := create(w, "CoreAccount", with(
		values("name", a.Name, "label", a.Label, "password", a.Password, "account_type", "User"),
		"member_of_groups", group,
	))
	if err != nil || a.Token == "" {
		return "", err
	}
	_, err = create(w, "InternalAccountToken", with(
		values("name", "default", "token", a.Token),
		"account", map[string]any{"id": account.ID},
	))
	return account.ID, err
}

// values makes the part of an input that sets attributes: names and values in
// turn.
func values(pairs ...any) map[string]any {
	data := make(map[string]any, len(pairs)/2)
	for pair := range slices.Chunk(pairs, 2) {
		data[fmt.Sprint(pair[0])] = map[string]any{"value": pair[1]}
	}
	return data
}

// with adds relationships to an input: names and peers in turn.
func with(data map[string]any, pairs ...any) map[string]any {
	for pair := range slices.Chunk(pairs, 2) {
		data[fmt.Sprint(pair[0])] = pair[1]
	}
	return data
}

// reference names a node by its kind and human-friendly id.
func reference(kind string, hfid ...string) map[string]any {
	parts := make([]any, len(hfid))
	for i, part := range hfid {
		parts[i] = part
	}
	return map[string]any{"kind": kind, "hfid": parts}
}
