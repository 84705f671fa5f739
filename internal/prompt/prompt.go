// Package prompt holds the prompts that people start work with, and the
// instructions that the server gives to every model.
package prompt

import (
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/problem"
	"infrahub-mcp/internal/tool"
)

// Prompt is one entry of the catalogue.
type Prompt struct {
	Name        string
	Title       string
	Description string
	Arguments   []Argument

	text func(v view, arguments map[string]string) string
}

// Argument is one argument of a prompt; every argument is a text.
type Argument struct {
	Name        string
	Description string
	Required    bool
}

// view is what the texts depend on.
type view struct {
	tools    []tool.Tool
	readOnly bool
}

func (v view) has(name string) bool {
	return slices.ContainsFunc(v.tools, func(t tool.Tool) bool { return t.Name == name })
}

// Text writes the prompt for the tools that the caller has. Missing and unknown
// arguments are a *problem.Problem.
func (p *Prompt) Text(tools []tool.Tool, readOnly bool, arguments map[string]string) (string, error) {
	known := make([]string, len(p.Arguments))
	for i, a := range p.Arguments {
		known[i] = a.Name
		if a.Required && strings.TrimSpace(arguments[a.Name]) == "" {
			return "", problem.New(fmt.Sprintf("The prompt %s needs the argument %s.", p.Name, a.Name), a.Description+".")
		}
	}
	for name := range arguments {
		if !slices.Contains(known, name) {
			return "", problem.Unknown("argument of the prompt "+p.Name, name, known, "")
		}
	}
	return strings.TrimSpace(p.text(view{tools, readOnly}, arguments)) + "\n", nil
}

// Catalogue returns every prompt.
func Catalogue() []Prompt {
	branch := Argument{Name: "branch", Description: "Branch to work on; the default branch or the session branch otherwise"}
	return []Prompt{
		{
			Name: "infrahub_agent", Title: "Infrahub assistant",
			Description: "Brief an assistant for work with this Infrahub: what it can do, in which order, and what it must not do.",
			text:        agent,
		},
		{
			Name: "answer_infra_question", Title: "Answer a question",
			Description: "Answer a question about the infrastructure from the data in Infrahub, with sources.",
			Arguments: []Argument{
				{Name: "question", Description: "The question, in plain words", Required: true},
				{Name: "kind_hint", Description: "Kind that probably holds the answer"},
				{Name: "fields", Description: "Fields that matter, separated by commas"},
				branch,
			},
			text: answer,
		},
		{
			Name: "make_infra_change", Title: "Make a change",
			Description: "Change infrastructure data on a branch of its own and propose it for review.",
			Arguments: []Argument{
				{Name: "description", Description: "What to change, in plain words", Required: true},
				{Name: "kind", Description: "Kind of the nodes to change"},
				{Name: "hfid", Description: "Node to change, as Kind__hfid"},
				branch,
			},
			text: change,
		},
		{
			Name: "explore_schema", Title: "Explore the data model",
			Description: "Get to know the data model, or one kind of it.",
			Arguments:   []Argument{{Name: "kind", Description: "Kind to explore; all kinds otherwise"}},
			text:        explore,
		},
	}
}

// Instructions is the guidance that goes with the tool list at the start of a
// session (MCP, InitializeResult.instructions). It names only tools that exist.
func Instructions(tools []tool.Tool, readOnly bool) string {
	v := view{tools, readOnly}
	var b strings.Builder
	b.WriteString("Infrahub is a graph database of infrastructure with Git-like branches. Its data model differs from one installation to the next: ")
	b.WriteString("call get_schema before you use a kind, field or filter that you have not seen. ")
	if v.has("get_nodes") {
		b.WriteString("Read with get_nodes; use search_nodes when you know only part of a value, query_graphql for several levels at once. ")
	}
	if v.has("find_paths") {
		b.WriteString("find_paths and find_reachable answer how things are connected and what depends on what. ")
	}
	b.WriteString("Tables are in TOON: a header names the columns once, each line below is one row. ")
	b.WriteString("An answer names its branch unless it came from the default branch. ")
	b.WriteString(writing(v))
	return strings.TrimSpace(b.String())
}

func writing(v view) string {
	switch {
	case v.readOnly:
		return "This server is read-only."
	case v.has("node_upsert"):
		return "Changes go to a session branch of yours, made at the first write, and reach the default branch only through propose_changes and a person's review."
	default:
		return "This server reads only; it offers no tool that changes data."
	}
}

func agent(v view, _ map[string]string) string {
	var b strings.Builder
	b.WriteString("You work with Infrahub, the source of truth for an infrastructure: devices, interfaces, addresses, circuits, services and how they are related. ")
	b.WriteString("Base every statement on what the tools return; say so when the data does not answer a question.\n\n")
	b.WriteString("Tools you have:\n")
	for _, t := range v.tools {
		fmt.Fprintf(&b, "- %s: %s\n", t.Name, t.Title)
	}
	b.WriteString(`
How to work:
1. Learn the model first: get_schema without arguments lists the kinds, with a kind its fields, choices and filters. The resources infrahub://schema and infrahub://schema/{kind} hold the same.
2. Ask for what you need: filters and fields keep answers small. total_count tells how many there are without reading them (limit 0).
3. Follow next_offset when has_more is true, or say that you looked at a part.
4. Use ids from answers; names may be ambiguous.
5. When a tool refuses, read its text: it says what is wrong and what to do.

`)
	if v.has("node_upsert") {
		b.WriteString(`Changes:
- Your first write makes a session branch; later reads show that branch. The default branch is never written to.
- Check a kind with get_schema before you write to it, and read back what you wrote.
- Ask the person before you delete anything.
- When the work is complete, call propose_changes; a person reviews and merges it, never you.
`)
	} else {
		b.WriteString(writing(v) + "\n")
	}
	return b.String()
}

func answer(_ view, a map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Answer this question from the data in Infrahub:\n\n%s\n\n", quote(a["question"]))
	step := numbered(&b)
	if kind := a["kind_hint"]; kind != "" {
		step("The kind is probably %s. Call get_schema with it to learn its fields and filters; if it does not fit, look in the catalogue for a better one.", kind)
	} else {
		step("Call get_schema without arguments and choose the kinds that can hold the answer; call it again for each of them to learn fields and filters.")
	}
	if fields := a["fields"]; fields != "" {
		step("Read the nodes with get_nodes and fields %s.", fields)
	} else {
		step("Read the nodes with get_nodes, with filters and just the fields the answer needs. A question for a number needs only total_count (limit 0).")
	}
	step("If only part of a name is known use search_nodes; if the answer lies several relationships away use query_graphql, and for connections find_paths or find_reachable.")
	if branch := a["branch"]; branch != "" {
		step("Read branch %s: pass it to every call.", branch)
	}
	step("Give the answer first, then how you found it: kind, filters, branch, and how many nodes you looked at. Say what is missing or uncertain.")
	return b.String()
}

func change(v view, a map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Make this change in Infrahub:\n\n%s\n\n", quote(a["description"]))
	if !v.has("node_upsert") {
		b.WriteString("You cannot write here: " + writing(v) + " Instead work out exactly what has to change and hand it over:\n\n")
	}
	step := numbered(&b)
	if kind := a["kind"]; kind != "" {
		step("Call get_schema with kind %s: which fields are mandatory, which values they allow, how it is related.", kind)
	} else {
		step("Find the kinds concerned with get_schema: which fields are mandatory, which values they allow, how they are related.")
	}
	if hfid := a["hfid"]; hfid != "" {
		step("Read the node %s as it is now, with the fields that will change.", hfid)
	} else {
		step("Find the nodes concerned with get_nodes or search_nodes and read them as they are now.")
	}
	if branch := a["branch"]; branch != "" {
		step("Work on branch %s: pass it to every call.", branch)
	}
	if !v.has("node_upsert") {
		step("List each node with its id, the field, the value now and the value wanted, in an order that respects mandatory relationships.")
		return b.String()
	}
	step("Tell the person what you will create, change and delete, and wait for a yes if anything is deleted or the request leaves room for doubt.")
	step("Write with node_upsert (several nodes of a kind in one call) and node_delete. The first write makes a session branch.")
	step("Read back what you wrote and compare it with the request.")
	step("Call propose_changes with a title and a description that tell a reviewer what changes and why. Do not merge.")
	return b.String()
}

func explore(_ view, a map[string]string) string {
	var b strings.Builder
	step := numbered(&b)
	if kind := a["kind"]; kind != "" {
		fmt.Fprintf(&b, "Explain the kind %s of this Infrahub to someone who will work with it.\n\n", kind)
		step("Call get_schema with kind %s.", kind)
		step("Say in a sentence what it stands for, then its mandatory fields, allowed values and limits, its human-friendly id, and how it is related to other kinds.")
		step("Count its nodes with get_nodes (limit 0) and show two or three with include_attributes as examples.")
		step("Name the filters that answer the questions people will have.")
		return b.String()
	}
	b.WriteString("Explain the data model of this Infrahub to someone who is new to it.\n\n")
	step("Call get_schema without arguments.")
	step("Group the kinds by namespace and say in a sentence what each group is for; leave Core and Builtin kinds for the end.")
	step("For the kinds that carry the model, call get_schema with the kind and describe how they are related.")
	step("Count the nodes of those kinds with get_nodes (limit 0), so that it shows where the data is.")
	return b.String()
}

// numbered returns a function that writes one numbered step a call.
func numbered(b *strings.Builder) func(format string, arguments ...any) {
	n := 0
	return func(format string, arguments ...any) {
		n++
		fmt.Fprintf(b, "%d. %s\n", n, fmt.Sprintf(format, arguments...))
	}
}

// quote sets a person's words apart from ours.
func quote(text string) string {
	return "> " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n> ")
}
