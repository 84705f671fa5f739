package model

import (
	"slices"
	"strings"
)

// checkChoices refuses attributes that were a Dropdown and are not any more:
// their choices stay.
func (d *draft) checkChoices() error {
	for _, k := range d.declared() {
		for _, a := range k.Attributes {
			if len(a.Choices) > 0 && a.Kind != "Dropdown" && !k.absent {
				return refuse("Can only specify 'choices' for kind=Dropdown: %s", a.Kind)
			}
		}
	}
	return nil
}

// completeChoices sorts the choices of a Dropdown and completes them.
func (a *Attribute) completeChoices() {
	slices.SortFunc(a.Choices, func(x, y Choice) int { return strings.Compare(y.Name, x.Name) })
	used := map[string]bool{}
	for _, c := range a.Choices {
		used[c.Color] = true
	}
	for i := range a.Choices {
		c := &a.Choices[i]
		if c.Color == "" {
			c.Color = freeColor(used)
			used[c.Color] = true
		}
		c.Label = or(c.Label, defaultLabel(c.Name))
	}
}

// freeColor returns the first of the colors that Infrahub gives to choices that
// is not in use.
func freeColor(used map[string]bool) string {
	for _, color := range []string{
		"#ed6a5a", "#f4f1bb", "#9bc1bc", "#5ca4a9", "#e6ebe0", "#52489c", "#4062bb", "#59c3c3", "#56638a", "#5d737e",
		"#55505c", "#592941", "#498467", "#e5d0e3", "#748cab", "#018e42", "#50808e", "#7b2d26", "#9799ca", "#51bbfe",
	} {
		if !used[color] {
			return color
		}
	}
	return "#ff0000"
}
