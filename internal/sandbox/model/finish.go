package model

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"

	"github.com/google/uuid"
)

// model makes a model of a finished draft, which must not be used afterwards.
func (d *draft) model() *Model {
	m := &Model{byName: make(map[string]*Kind, len(d.byName))}
	for _, k := range d.all() {
		if k.absent {
			continue
		}
		k.freeze()
		m.kinds = append(m.kinds, k)
		m.byName[k.Name] = k
	}
	m.hash = hashModel(m.kinds)
	return m
}

// freeze gives the kind and its own members ids and hashes what it has become.
func (k *Kind) freeze() {
	if !k.generated() {
		k.ID = cmp.Or(k.ID, id(k.Name))
		if k.IncludeInMenu == nil && k.Namespace != "Schema" {
			k.IncludeInMenu = new(true)
		}
	}
	for _, a := range k.Attributes {
		if !a.Inherited && !k.generated() {
			a.ID = cmp.Or(a.ID, id(k.Name, a.Name))
		}
		if regex := a.Parameters.Regex; regex != nil && *regex != "" && a.pattern == nil {
			a.pattern, _ = compile(*regex)
		}
	}
	for _, r := range k.Relationships {
		if !r.Inherited && !k.generated() && r.Name != profilesLink {
			r.ID = cmp.Or(r.ID, id(k.Name, r.Name))
		}
	}
	k.Hash = k.hash()
}

// id returns the id of a kind or a member. It is made from the names, so that a
// model has the same ids wherever it is loaded.
func id(names ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "infrahub schema %q", names)).String()
}

// hashModel hashes the node kinds and generics, as Infrahub does.
func hashModel(kinds []*Kind) string {
	sorted := slices.SortedFunc(slices.Values(kinds), func(a, b *Kind) int { return cmp.Compare(a.Name, b.Name) })
	h := newHasher()
	for _, k := range sorted {
		if k.Class == Node || k.Class == Generic {
			h.texts(k.Name, k.Hash)
		}
	}
	return h.sum()
}

// hash hashes the content of the kind, whatever the order of its members, and
// without its ids.
func (k *Kind) hash() string {
	h := newHasher()
	h.texts(string(k.Class), k.Namespace, k.ShortName, k.Label, k.Description, k.Documentation, k.Icon,
		k.MenuPlacement, string(k.Branch), k.DisplayLabel, k.DefaultFilter, k.Hierarchy)
	h.flags(k.GenerateProfile, k.GenerateTemplate, k.Hierarchical)
	h.flags(k.IncludeInMenu != nil, k.IncludeInMenu != nil && *k.IncludeInMenu)
	h.optional(k.Parent)
	h.optional(k.Children)
	for _, list := range [][]string{
		k.HumanFriendlyID, k.DisplayLabels, k.OrderBy, k.InheritFrom, k.UsedBy, k.RestrictedNamespaces,
	} {
		h.list(list)
	}
	h.number(int64(len(k.UniquenessConstraints)))
	for _, set := range k.UniquenessConstraints {
		h.list(set)
	}
	byName := func(a, b *Attribute) int { return cmp.Compare(a.Name, b.Name) }
	for _, a := range slices.SortedFunc(slices.Values(k.Attributes), byName) {
		h.attribute(a)
	}
	byRelName := func(a, b *Relationship) int { return cmp.Compare(a.Name, b.Name) }
	for _, r := range slices.SortedFunc(slices.Values(k.Relationships), byRelName) {
		h.relationship(r)
	}
	return h.sum()
}

// hasher hashes values so that no two different sequences of them are the same
// sequence of bytes.
type hasher struct {
	hash.Hash
	buffer []byte
}

func newHasher() *hasher {
	return &hasher{Hash: sha256.New()}
}

func (h *hasher) sum() string {
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (h *hasher) number(n int64) {
	h.buffer = binary.AppendVarint(h.buffer[:0], n)
	h.Write(h.buffer)
}

func (h *hasher) texts(texts ...string) {
	for _, text := range texts {
		h.buffer = binary.AppendVarint(h.buffer[:0], int64(len(text)))
		h.buffer = append(h.buffer, text...)
		h.Write(h.buffer)
	}
}

func (h *hasher) flags(flags ...bool) {
	for _, flag := range flags {
		if flag {
			h.number(1)
		} else {
			h.number(0)
		}
	}
}

func (h *hasher) list(list []string) {
	h.flags(list != nil)
	h.number(int64(len(list)))
	h.texts(list...)
}

func (h *hasher) optional(text *string) {
	h.flags(text != nil)
	if text != nil {
		h.texts(*text)
	}
}

func (h *hasher) optionalNumber(n *int64) {
	h.flags(n != nil)
	if n != nil {
		h.number(*n)
	}
}

func (h *hasher) attribute(a *Attribute) {
	h.texts("attribute", a.Name, a.Kind, a.Label, a.Description, string(a.Branch), a.AllowOverride, a.Display, a.Deprecation)
	h.number(int64(a.OrderWeight))
	h.flags(a.Optional, a.Unique, a.ReadOnly, a.Inherited, a.Ordered, a.Default != nil)
	h.texts(written(a.Default), written(a.Enum))
	h.number(int64(len(a.Choices)))
	for _, c := range a.Choices {
		h.texts(c.Name, c.Label, c.Description, c.Color)
	}
	p := &a.Parameters
	h.optional(p.Regex)
	h.optional(p.ExcludedValues)
	h.optional(p.NumberPoolID)
	for _, bound := range []*int64{p.MinLength, p.MaxLength, p.MinValue, p.MaxValue, p.StartRange, p.EndRange} {
		h.optionalNumber(bound)
	}
	h.flags(a.Computed != nil)
	if c := a.Computed; c != nil {
		h.texts(c.Kind, c.Template, c.Transform)
	}
}

func (h *hasher) relationship(r *Relationship) {
	h.texts("relationship", r.Name, r.Kind, r.Peer, r.Label, r.Description, r.Identifier, r.Cardinality, r.Direction,
		r.OnDelete, r.Hierarchical, r.CommonParent, string(r.Branch), r.AllowOverride, r.Display, r.Deprecation)
	h.list(r.CommonRelatives)
	h.number(int64(r.OrderWeight))
	h.number(r.MinCount)
	h.number(r.MaxCount)
	h.flags(r.Optional, r.ReadOnly, r.Inherited)
}
