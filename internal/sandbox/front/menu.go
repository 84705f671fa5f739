package front

import (
	"cmp"
	"net/http"
	"slices"

	"infrahub-mcp/internal/sandbox/exec"
	"infrahub-mcp/internal/sandbox/model"
	"infrahub-mcp/internal/sandbox/nodes"
)

// menu answers GET /api/menu: the entries that are nodes, and one for each kind
// that wants to be in it.
func (s *server) menu(w http.ResponseWriter, c *call) error {
	g, err := c.graph()
	if err != nil {
		return err
	}
	sections := map[string][]*menuItem{"internal": {}, "object": {}}
	for _, item := range append(kindItems(g.Model), nodeItems(g)...) {
		sections[item.Section] = append(sections[item.Section], item)
	}
	for _, items := range sections {
		sortItems(items)
	}
	writeJSON(w, http.StatusOK, exec.NewObject("sections", sections))
	return nil
}

// menuItem is one entry. Entries never have an id.
type menuItem struct {
	ID          *string     `json:"id"`
	Namespace   string      `json:"namespace"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Protected   bool        `json:"protected"`
	Label       string      `json:"label"`
	Path        string      `json:"path"`
	Icon        string      `json:"icon"`
	Kind        string      `json:"kind"`
	OrderWeight int64       `json:"order_weight"`
	Section     string      `json:"section"`
	Permissions []string    `json:"permissions"`
	Children    []*menuItem `json:"children"`
	Identifier  string      `json:"identifier"`
}

// kindItems are the entries of kinds outside the core: first of nodes, then of
// generics. Each has itself as its only child.
func kindItems(m *model.Model) []*menuItem {
	var items []*menuItem
	for _, class := range []model.Class{model.Node, model.Generic} {
		kinds := m.Kinds(class)
		slices.SortFunc(kinds, func(a, b *model.Kind) int { return cmp.Compare(a.Name, b.Name) })
		for _, k := range kinds {
			if k.Restricted() || k.IncludeInMenu == nil || !*k.IncludeInMenu {
				continue
			}
			item := kindItem(k, "", 5000)
			item.Children = append(item.Children, kindItem(k, "Sub", 1))
			items = append(items, item)
		}
	}
	return items
}

func kindItem(k *model.Kind, suffix string, weight int64) *menuItem {
	return &menuItem{
		Namespace: k.Namespace, Name: k.ShortName + suffix, Label: k.Label, Path: "/objects/" + k.Name, Icon: k.Icon, Kind: k.Name,
		OrderWeight: weight, Section: "object", Permissions: []string{}, Children: []*menuItem{}, Identifier: k.Name + suffix,
	}
}

// nodeItems are the entries that are nodes, at the top of the menu, with those
// below them. One that asks for a permission is left out: only the web interface
// has use for it.
func nodeItems(g *nodes.Graph) []*menuItem {
	const kind = "CoreMenuItem"
	k := g.Model.Kind(kind)
	if k == nil {
		return nil
	}
	items := map[string]*menuItem{}
	all := g.NodesOf(k)
	for _, n := range all {
		items[n.ID] = nodeItem(n)
	}
	var top []*menuItem
	for _, n := range all {
		if required, ok := n.Value("required_permissions").([]any); ok && len(required) > 0 {
			continue
		}
		parents := n.Related("parent")
		if len(parents) == 0 {
			top = append(top, items[n.ID])
		} else if parent := items[parents[0].ID]; parent != nil {
			parent.Children = append(parent.Children, items[n.ID])
		}
	}
	for _, item := range items {
		sortItems(item.Children)
	}
	return top
}

func nodeItem(n *nodes.Node) *menuItem {
	weight, _ := n.Value("order_weight").(int64)
	protected, _ := n.Value("protected").(bool)
	return &menuItem{
		Namespace: n.Text("namespace"), Name: n.Text("name"), Description: n.Text("description"), Protected: protected,
		Label: n.Text("label"), Path: n.Text("path"), Icon: n.Text("icon"), Kind: n.Text("kind"), OrderWeight: weight,
		Section: cmp.Or(n.Text("section"), "object"), Permissions: []string{}, Children: []*menuItem{}, Identifier: n.Text("namespace") + n.Text("name"),
	}
}

func sortItems(items []*menuItem) {
	slices.SortStableFunc(items, func(a, b *menuItem) int { return cmp.Compare(a.OrderWeight, b.OrderWeight) })
}
