package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"infrahub-mcp/internal/prompt"
	"infrahub-mcp/internal/resource"
	"infrahub-mcp/internal/tool"
)

// surface is the reference page of everything that an MCP client is offered.
func surface(ctx context.Context) (string, error) {
	played, err := playExamples(ctx)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("# Tools, resources and prompts\n\n")
	b.WriteString("<!-- Written by \"infrahub-mcp reference tools\" from the catalogues in internal/tool, internal/resource and internal/prompt. Change them there. -->\n\n")
	b.WriteString("Every answer of a tool comes twice: as structured content, and as text that says the same, in TOON or compact JSON. ")
	b.WriteString("Arguments are forgiving about form (`\"5\"` for `5`, one name for a list of one, nothing for no arguments) and strict about names.\n\n")
	b.WriteString("The examples come from one run on the [sandbox](../sandbox.md), in the order in which an assistant would call: reading first, then from `node_upsert` on. ")
	b.WriteString("An answer is shown as its text; JSON is indented here, ids are numbered, and the address and the branch have a name that stays. Long answers are cut, with the number of lines that are left out.\n\n")
	b.WriteString("## Tools\n")
	for _, t := range tool.Catalogue() {
		fmt.Fprintf(&b, "\n### `%s`\n\n%s · %s\n\n%s\n", t.Name, t.Title, access(t), t.Description)
		writeArguments(&b, t.Input)
		examples := played[t.Name]
		if len(examples) == 0 {
			return "", fmt.Errorf("the tool %s has no example", t.Name)
		}
		for _, e := range examples {
			fmt.Fprintf(&b, "\n```json\n%s\n```\n\n```text\n%s\n```\n", e.call, e.answer)
		}
	}
	b.WriteString("\n## Resources\n\n| URI | Type | Content |\n|---|---|---|\n")
	for _, r := range resource.Catalogue() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.URI, r.MIMEType, cell(r.Description))
	}
	b.WriteString("\n## Prompts\n\n| Prompt | Arguments | Purpose |\n|---|---|---|\n")
	for _, p := range prompt.Catalogue() {
		arguments := make([]string, len(p.Arguments))
		for i, a := range p.Arguments {
			if arguments[i] = "`" + a.Name + "`"; !a.Required {
				arguments[i] += " (optional)"
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.Name, strings.Join(arguments, ", "), cell(p.Description))
	}
	return b.String(), nil
}

func access(t tool.Tool) string {
	return map[tool.Access]string{tool.Read: "reads", tool.Write: "writes", tool.Destructive: "may delete"}[t.Access]
}

// writeArguments writes the arguments of a tool in the order of its schema.
func writeArguments(b *strings.Builder, input json.RawMessage) {
	var schema struct {
		Properties json.RawMessage `json:"properties"`
		Required   []string        `json:"required"`
	}
	if json.Unmarshal(input, &schema) != nil || string(schema.Properties) == "{}" {
		b.WriteString("\nNo arguments.\n")
		return
	}
	b.WriteString("\n| Argument | Type | Default | Meaning |\n|---|---|---|---|\n")
	decoder := json.NewDecoder(strings.NewReader(string(schema.Properties)))
	_, _ = decoder.Token() // {
	for decoder.More() {
		name, _ := decoder.Token()
		var property struct {
			Type, Description string
			Default           json.RawMessage
			Minimum, Maximum  *float64
		}
		if decoder.Decode(&property) != nil {
			return
		}
		fallback := "–"
		if slices.Contains(schema.Required, fmt.Sprint(name)) {
			fallback = "required"
		} else if property.Default != nil {
			fallback = "`" + string(property.Default) + "`"
		}
		kind := property.Type
		switch {
		case property.Minimum != nil && property.Maximum != nil:
			kind += fmt.Sprintf(" %v to %v", *property.Minimum, *property.Maximum)
		case property.Minimum != nil:
			kind += fmt.Sprintf(" ≥ %v", *property.Minimum)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, kind, fallback, cell(property.Description))
	}
}

// cell makes a text fit into a cell of a Markdown table.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
