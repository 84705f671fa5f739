package changes

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"infrahub-mcp/internal/sandbox/access"
	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/fault"
	"infrahub-mcp/internal/sandbox/gql"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
	"infrahub-mcp/internal/sandbox/sdl"
	"infrahub-mcp/internal/sandbox/store"
)

// lab is a sandbox of the demo model with the fields of this package.
type lab struct {
	*testing.T
	base     *nodes.Base
	server   *gql.Server
	admin    *access.Caller
	engineer *access.Caller
	tasks    []Task
}

// schemas are made once: that takes longer than the tests.
var schemas = sync.OnceValues(func() (*model.Model, *sdl.Cache) {
	m, err := model.Core()
	if err != nil {
		panic(err)
	}
	demo, err := model.Demo()
	if err != nil {
		panic(err)
	}
	if m, _, err = m.Load(demo); err != nil {
		panic(err)
	}
	return m, sdl.NewCache(4)
})

func newLab(t *testing.T) *lab {
	t.Helper()
	m, cache := schemas()
	l := &lab{T: t, base: nodes.NewBase(m, store.Options{})}
	l.base.Rules = []nodes.Rule{Comments{}}
	l.server = &gql.Server{
		Schemas: cache,
		Queries: Queries(),
		Mutations: Mutations(func(task Task) string {
			l.tasks = append(l.tasks, task)
			return "task " + strconv.Itoa(len(l.tasks))
		}),
		Permit: func(*gql.Call, *model.Model, *ast.OperationDefinition, ast.FragmentDefinitionList) error { return nil },
		Guard:  Guard,
	}
	account := func(name string) string {
		var id string
		err := l.base.Write("main", "", func(w *nodes.Writer) error {
			n, err := w.Create(w.Model.Kind("CoreAccount"), map[string]any{
				"name": value(name), "label": value(strings.ToUpper(name[:1]) + name[1:]), "password": value("secret"),
			})
			if err == nil {
				id = n.ID
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	l.admin = access.Root(account("admin"), "admin")
	l.engineer = &access.Caller{ID: account("engineer"), Name: "engineer"}
	return l
}

// as sends a document to a branch in the name of a caller.
func (l *lab) as(caller *access.Caller, branch, document string) *exec.Response {
	l.Helper()
	r, err := l.server.Execute(l.Context(), &gql.Call{Base: l.base, Branch: branch, Caller: caller}, exec.Request{Query: document})
	if err != nil {
		l.Fatal(err)
	}
	return r
}

// ask sends a document in the name of the admin and returns its data as JSON.
func (l *lab) ask(branch, document string) string {
	l.Helper()
	r := l.as(l.admin, branch, document)
	if len(r.Errors) > 0 {
		l.Fatalf("%s: %v", document, r.Errors[0])
	}
	data, err := json.Marshal(r.Data)
	if err != nil {
		l.Fatal(err)
	}
	return string(data)
}

// want compares the data of an answer.
func (l *lab) want(branch, document, want string) {
	l.Helper()
	if got := l.ask(branch, document); got != want {
		l.Errorf("%s:\ngot  %s\nwant %s", document, got, want)
	}
}

// refuse wants one error with a sentence and a code.
func (l *lab) refuse(caller *access.Caller, branch, document, code, message string) {
	l.Helper()
	r := l.as(caller, branch, document)
	if len(r.Errors) != 1 {
		l.Fatalf("%s: got %d errors, want 1: %s", document, len(r.Errors), message)
	}
	var f *fault.Error
	if !errors.As(r.Errors[0].Cause, &f) {
		l.Fatalf("%s: %v is no fault", document, r.Errors[0])
	}
	if f.Message != message || f.Code != code {
		l.Errorf("%s:\ngot  %s %q\nwant %s %q", document, f.Code, f.Message, code, message)
	}
}

// path returns a part of JSON, "a.0.b".
func (l *lab) path(data, path string) string {
	l.Helper()
	var v any
	if err := json.Unmarshal([]byte(data), &v); err != nil {
		l.Fatal(err)
	}
	for step := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				l.Fatalf("%s: no %s", data, path)
			}
			v = at[i]
		}
	}
	text, _ := v.(string)
	return text
}

// provider makes a provider and returns its id.
func (l *lab) provider(branch, name, email string) string {
	l.Helper()
	data := l.ask(branch, `mutation { OrganizationProviderCreate(data: {name: {value: "`+name+`"}, noc_email: {value: "`+email+`"}}) { object { id } } }`)
	return l.path(data, "OrganizationProviderCreate.object.id")
}

func (l *lab) branch(name string) {
	l.Helper()
	l.ask("main", `mutation { BranchCreate(data: {name: "`+name+`", sync_with_git: false}) { ok } }`)
}
