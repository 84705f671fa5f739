package access

import (
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/store"
)

// Permissions is what an account, or the role of anonymous callers, was granted.
type Permissions struct {
	Global []GlobalPermission
	Object []ObjectPermission

	defaultBranch string
}

// GlobalPermission is a node of the kind CoreGlobalPermission.
type GlobalPermission struct {
	ID, Action string
	Decision   Decision
}

// String returns the identifier, such as "global:merge_branch:allow_all".
func (p GlobalPermission) String() string { return fmt.Sprintf("global:%s:%s", p.Action, p.Decision) }

// ObjectPermission is a node of the kind CoreObjectPermission. Namespace and
// name of a kind may be "*", the action ActionAny.
type ObjectPermission struct {
	ID, Namespace, Name, Action string
	Decision                    Decision
}

// String returns the identifier, such as "object:*:*:view:allow_all".
func (p ObjectPermission) String() string {
	return fmt.Sprintf("object:%s:%s:%s:%s", p.Namespace, p.Name, p.Action, p.Decision)
}

// Decision says on which branches a permission grants its action. The values
// are those that Infrahub stores; AllowAll is both of the others.
type Decision int

// The decisions.
const (
	Deny         Decision = 1
	AllowDefault Decision = 2 // on the default branch
	AllowOther   Decision = 4 // on all other branches
	AllowAll              = AllowDefault | AllowOther
)

// String returns the name of the decision, such as "allow_all".
func (d Decision) String() string {
	switch d {
	case Deny:
		return "deny"
	case AllowDefault:
		return "allow_default"
	case AllowOther:
		return "allow_other"
	case AllowAll:
		return "allow_all"
	default:
		return fmt.Sprint(int(d))
	}
}

// The actions of object permissions.
const (
	ActionAny    = "any"
	ActionView   = "view"
	ActionCreate = "create"
	ActionUpdate = "update"
	ActionDelete = "delete"
)

// The actions of global permissions.
const (
	SuperAdmin              = "super_admin"
	EditDefaultBranch       = "edit_default_branch"
	MergeBranch             = "merge_branch"
	RebaseBranch            = "rebase_branch"
	DeleteBranch            = "delete_branch"
	MergeProposedChange     = "merge_proposed_change"
	ReviewProposedChange    = "review_proposed_change"
	ManageSchema            = "manage_schema"
	ManageAccounts          = "manage_accounts"
	ManageGlobalPreferences = "manage_global_preferences"
	ManagePermissions       = "manage_permissions"
	ManageRepositories      = "manage_repositories"
	OverrideContext         = "override_context"
	ReadTelemetry           = "read_telemetry"
	UpdateHFIDAndLabel      = "update_object_hfid_display_label"
)

// Super tells whether everything is granted.
func (p *Permissions) Super() bool { return p.granted(SuperAdmin) }

// MayGlobal tells whether a global permission is granted, on whatever branches.
func (p *Permissions) MayGlobal(action string) bool { return p.granted(action) || p.Super() }

// granted tells whether one of the global permissions grants an action and none
// denies it. Decisions by branch make no difference, as in Infrahub.
func (p *Permissions) granted(action string) bool {
	granted := false
	for _, g := range p.Global {
		if g.Action == action {
			if g.Decision == Deny {
				return false
			}
			granted = true
		}
	}
	return granted
}

// granting tells on which branches an action on a kind is granted. Of the
// permissions that speak of it the most specific ones count.
func (p *Permissions) granting(k *model.Kind, action string) Decision {
	best, decision := -1, Deny
	for _, o := range p.Object {
		if !o.covers(k, action) {
			continue
		}
		switch s := o.specificity(); {
		case s > best:
			best, decision = s, o.Decision
		case s == best && o.Decision != Deny:
			decision |= o.Decision
		}
	}
	return decision
}

func (p ObjectPermission) covers(k *model.Kind, action string) bool {
	return (p.Namespace == "*" || p.Namespace == k.Namespace) &&
		(p.Name == "*" || p.Name == k.ShortName) &&
		(p.Action == ActionAny || p.Action == action)
}

// specificity counts what a permission is particular about; to deny counts too.
func (p ObjectPermission) specificity() int {
	n := 0
	for _, particular := range []bool{p.Namespace != "*", p.Name != "*", p.Action != ActionAny, p.Decision&AllowAll == 0} {
		if particular {
			n++
		}
	}
	return n
}

// decide is Caller.Decide.
func (p *Permissions) decide(branch store.Branch, k *model.Kind, action string) string {
	const allow, deny = "ALLOW", "DENY"
	readOnly := branch.Status == store.StatusMerged || branch.Status == store.StatusNeedRebase
	if readOnly && action != ActionView {
		return deny
	}
	if p.Super() {
		return allow
	}
	if global := globalOf(k); global != "" && action != ActionView {
		if p.granted(global) {
			return allow
		}
		return deny
	}
	decision := p.granting(k, action)
	switch {
	case decision&p.required(branch.Name) != 0:
		return allow
	case decision&AllowDefault != 0:
		return "ALLOW_DEFAULT"
	case decision&AllowOther != 0:
		return "ALLOW_OTHER"
	}
	return deny
}

// globalOf names the global permission that changes of a kind take, instead of
// object permissions; empty for most kinds.
func globalOf(k *model.Kind) string {
	takes := func(kind string) string {
		switch kind {
		case kindGenericAccount, kindAccountGroup, kindAccountRole:
			return ManageAccounts
		case kindBasePermission:
			return ManagePermissions
		case kindGenericRepository:
			return ManageRepositories
		}
		return ""
	}
	for _, kind := range slices.Concat([]string{k.Name}, k.InheritFrom) {
		if global := takes(kind); global != "" {
			return global
		}
	}
	return ""
}

// required returns the decision that an action on a branch takes.
func (p *Permissions) required(branch string) Decision {
	if branch == p.defaultBranch {
		return AllowDefault
	}
	return AllowOther
}

// permission is a permission that something takes: GlobalPermission, or an
// object permission on a kind.
type permission struct {
	kind     *model.Kind // nil for a global one
	action   string
	decision Decision
}

func (p *Permissions) global(action, branch string) permission {
	return permission{action: action, decision: p.required(branch)}
}

func (p *Permissions) object(k *model.Kind, action, branch string) permission {
	return permission{kind: k, action: action, decision: p.required(branch)}
}

func (p *Permissions) updates(branch string, kinds []*model.Kind) []permission {
	kinds = slices.Clone(kinds)
	slices.SortFunc(kinds, func(a, b *model.Kind) int { return strings.Compare(a.Name, b.Name) })
	var needed []permission
	for _, k := range slices.CompactFunc(kinds, func(a, b *model.Kind) bool { return a.Name == b.Name }) {
		if global := globalOf(k); global != "" {
			needed = append(needed, p.global(global, branch))
		} else {
			needed = append(needed, p.object(k, ActionUpdate, branch))
		}
	}
	return needed
}

// String returns the identifier.
func (p permission) String() string {
	if p.kind == nil {
		return GlobalPermission{Action: p.action, Decision: p.decision}.String()
	}
	return ObjectPermission{Namespace: p.kind.Namespace, Name: p.kind.ShortName, Action: p.action, Decision: p.decision}.String()
}

func (p *Permissions) has(needed permission) bool {
	if needed.kind == nil {
		return p.MayGlobal(needed.action)
	}
	return p.granting(needed.kind, needed.action)&needed.decision == needed.decision || p.Super()
}

// need returns an error unless a permission is there.
func (p *Permissions) need(needed permission) error {
	if p.has(needed) {
		return nil
	}
	if sentence := denial(needed); sentence != "" {
		return fault.Denied("%s", sentence)
	}
	return fault.Denied("You do not have the following permission: %s", needed)
}

// needAll returns an error that names all the permissions unless all are there.
func (p *Permissions) needAll(needed []permission) error {
	missing := func(n permission) bool { return !p.has(n) }
	if !slices.ContainsFunc(needed, missing) {
		return nil
	}
	names := make([]string, len(needed))
	for i, n := range needed {
		names[i] = n.String()
	}
	return fault.Denied("You do not have one of the following permissions: %s", strings.Join(names, " | "))
}

// denial is what Infrahub says to those who lack a global permission; empty
// where it names the permission.
func denial(p permission) string {
	if p.kind != nil {
		return ""
	}
	switch p.action {
	case EditDefaultBranch:
		return "You are not allowed to change data in the default branch"
	case MergeBranch:
		return "You are not allowed to merge a branch"
	case RebaseBranch:
		return "You are not allowed to rebase a branch"
	case DeleteBranch:
		return "You are not allowed to delete a branch you did not create"
	case MergeProposedChange:
		return "You are not allowed to merge proposed changes"
	case ReviewProposedChange:
		return "You are not allowed to review proposed changes"
	case ManageSchema:
		return "You are not allowed to manage the schema"
	case ManageAccounts:
		return "You are not allowed to manage user accounts, groups or roles"
	case ManageGlobalPreferences:
		return "You are not allowed to manage global preferences"
	case ManagePermissions:
		return "You are not allowed to manage permissions"
	case ManageRepositories:
		return "You are not allowed to manage repositories"
	case ReadTelemetry:
		return "You are not allowed to read telemetry data"
	case UpdateHFIDAndLabel:
		return "You are not allowed to update human friendly IDs and display labels ad hoc"
	}
	return ""
}
