package ipam

import (
	"errors"
	"testing"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/seed"
	"infrahub-mcp/internal/sandbox/store"
)

const account = "18ea0000-0000-4000-8000-00000000acc0"

// in is an input of a mutation.
type in = map[string]any

func val(value any) in { return in{"value": value} }

func ref(id string) in { return in{"id": id} }

// plan is a base with the demo model, its default namespace, and the Rule.
type plan struct {
	base *nodes.Base
	rule *Rule
}

func newPlan(t testing.TB) *plan {
	t.Helper()
	core, err := model.Core()
	if err != nil {
		t.Fatal(err)
	}
	base := nodes.NewBase(core, store.Options{})
	request, err := model.DemoRequest()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := base.Load("main", request); err != nil {
		t.Fatal(err)
	}
	rule := New(base)
	base.Rules = []nodes.Rule{rule}
	if err := seed.Core(base); err != nil {
		t.Fatal(err)
	}
	return &plan{base, rule}
}

// write runs a transaction on a branch.
func (p *plan) write(branch string, write func(w *nodes.Writer) error) error {
	return p.base.Write(branch, account, write)
}

// create makes a node on a branch and returns its id.
func (p *plan) create(t testing.TB, branch, kind string, data in) string {
	t.Helper()
	id, err := p.tryCreate(branch, kind, data)
	if err != nil {
		t.Fatalf("creating a %s: %v", kind, err)
	}
	return id
}

func (p *plan) tryCreate(branch, kind string, data in) (id string, err error) {
	err = p.write(branch, func(w *nodes.Writer) error {
		n, err := w.Create(w.Model.Kind(kind), data)
		if err == nil {
			id = n.ID
		}
		return err
	})
	return id, err
}

func (p *plan) prefix(t testing.TB, branch, prefix string) string {
	t.Helper()
	return p.create(t, branch, "IpamIPPrefix", in{"prefix": val(prefix)})
}

func (p *plan) address(t testing.TB, branch, address string) string {
	t.Helper()
	return p.create(t, branch, "IpamIPAddress", in{"address": val(address)})
}

func (p *plan) branch(t testing.TB, name string) {
	t.Helper()
	if _, err := p.base.Store.CreateBranch(store.NewBranch{Name: name}); err != nil {
		t.Fatal(err)
	}
}

// node reads a node of a branch.
func (p *plan) node(t testing.TB, branch, id string) *nodes.Node {
	t.Helper()
	g, err := p.base.Read(branch, zero)
	if err != nil {
		t.Fatal(err)
	}
	n := g.Node(id)
	if n == nil {
		t.Fatalf("there is no node %s on %s", id, branch)
	}
	return n
}

// namespace returns the id of the default namespace.
func (p *plan) namespace(t testing.TB) string {
	t.Helper()
	g, err := p.base.Read("main", zero)
	if err != nil {
		t.Fatal(err)
	}
	return defaultNamespace(g).ID
}

// ask resolves a field of Query or Mutation.
func (p *plan) ask(t testing.TB, branch, field string, arguments in) (in, error) {
	t.Helper()
	resolve, ok := gql.Merge(Queries(p.rule), Mutations(p.rule))[field]
	if !ok {
		t.Fatalf("there is no field %s", field)
	}
	call := &gql.Call{Base: p.base, Branch: branch, Caller: access.Root(account, "admin")}
	answer, err := resolve(t.Context(), call, exec.Field{Arguments: arguments})
	members, _ := answer.(map[string]any)
	return members, err
}

// mustAsk is ask for what is answered.
func (p *plan) mustAsk(t testing.TB, branch, field string, arguments in) in {
	t.Helper()
	answer, err := p.ask(t, branch, field, arguments)
	if err != nil {
		t.Fatalf("%s: %v", field, err)
	}
	return answer
}

// message is the sentence of an error, and its status if it has one.
func message(err error) (string, int) {
	if refused, ok := errors.AsType[*fault.Error](err); ok {
		return refused.Message, refused.Status
	}
	if err == nil {
		return "", 0
	}
	return err.Error(), 0
}
