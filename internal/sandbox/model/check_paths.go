package model

import (
	"slices"
	"strings"
)

// settleDisplay makes a display label of the deprecated list of paths.
func (d *draft) settleDisplay(kinds []*Kind) {
	for _, k := range kinds {
		if k.DisplayLabel != "" || len(k.DisplayLabels) == 0 {
			continue
		}
		parts := make([]string, len(k.DisplayLabels))
		for i, path := range k.DisplayLabels {
			if !strings.Contains(path, "__") {
				path += "__value"
			}
			parts[i] = path
		}
		k.DisplayLabel = parts[0]
		if len(parts) > 1 {
			k.DisplayLabel = "{{ " + strings.Join(parts, " }} {{ ") + " }}"
		}
	}
}

func (d *draft) checkConstraints(k *Kind) error {
	for _, set := range k.UniquenessConstraints {
		for _, path := range set {
			use := pathUse{relationship: relationshipAlone}
			if _, err := checkPath(d.byName, k, path, use, "uniqueness_constraints"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *draft) checkDisplayPaths(k *Kind) error {
	for _, path := range k.DisplayLabels {
		if _, err := checkPath(d.byName, k, path, pathUse{bare: true}, "display_labels"); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) checkDisplay(k *Kind) error {
	switch {
	case k.DisplayLabel == "":
		return nil
	case !isTemplate(k.DisplayLabel):
		_, err := checkPath(d.byName, k, k.DisplayLabel, pathUse{}, "display_label - non Jinja2")
		return err
	}
	variables, err := Variables(k.DisplayLabel)
	if err != nil {
		return refuse("%s: display_label is set to a jinja2 template, but has an invalid template: %s", k.Name, err)
	}
	for _, variable := range variables {
		use := pathUse{relationship: relationshipAttribute, optional: true}
		if _, err := checkPath(d.byName, k, variable, use, "display_label"); err != nil {
			return err
		}
	}
	return nil
}

func (d *draft) checkOrder(k *Kind) error {
	seen := map[string]string{}
	for _, entry := range k.OrderBy {
		order, path, err := parseOrder(k, entry)
		if err != nil {
			return refuse("%s.order_by: %s", k.Name, err)
		}
		if order.Metadata == "" {
			use := pathUse{relationship: relationshipAttribute, optional: true}
			if _, err := checkPath(d.byName, k, path, use, "order_by"); err != nil {
				return err
			}
		}
		target := strings.TrimPrefix(strings.ReplaceAll(path, "__", "."), "node_metadata.")
		if before := seen[path]; before != "" {
			return refuse("%s.order_by: target %s appears in order_by more than once (entries: %s, %s). Each target may appear at most once.",
				k.Name, quote(target), quote(before), quote(entry))
		}
		seen[path] = entry
	}
	return nil
}

func (d *draft) checkFilter(k *Kind) error {
	if k.DefaultFilter == "" {
		return nil
	}
	_, err := checkPath(d.byName, k, k.DefaultFilter, pathUse{bare: true}, "default_filter")
	return err
}

func (d *draft) checkHumanFriendlyID(k *Kind) error {
	peers := map[string]*Kind{}
	paths := map[string][]string{}
	var identifiers []string
	for i, path := range k.HumanFriendlyID {
		if slices.Contains(k.HumanFriendlyID[:i], path) {
			return refuse("HFID of %s cannot use the same path more than once: %s", k.Name, path)
		}
		p, err := checkPath(d.byName, k, path, pathUse{relationship: relationshipAttribute}, "human_friendly_id")
		if err != nil {
			return err
		}
		if p.Relationship == nil {
			continue
		}
		identifier := p.Relationship.Identifier
		if peers[identifier] == nil {
			identifiers = append(identifiers, identifier)
		}
		peers[identifier] = p.Peer
		paths[identifier] = append(paths[identifier], p.Attribute.Name+"__"+p.Property)
	}
	for _, identifier := range identifiers {
		if peer := peers[identifier]; !identifies(peer, paths[identifier]) {
			return refuse("HFID of %s refers to peer %s with a non-unique combination of attributes %s",
				k.Name, peer.Name, quoteAll(paths[identifier]))
		}
	}
	return nil
}

// identifies tells whether the values of paths single out one node of a kind.
func identifies(k *Kind, paths []string) bool {
	for _, a := range k.UniqueAttributes() {
		if slices.ContainsFunc(paths, func(path string) bool { return strings.HasPrefix(path, a.Name) }) {
			return true
		}
	}
	for _, set := range k.UniquenessConstraints {
		outside := func(path string) bool { return !slices.Contains(paths, path) }
		if len(set) > 0 && !slices.ContainsFunc(set, outside) {
			return true
		}
	}
	return false
}
